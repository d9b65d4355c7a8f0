/** Bars over time, drawn as they are: no library is worth its weight for this. */
import { Group, Table, Text } from '@mantine/core';
import { formatCount, formatTime } from '../format.ts';

export type Bar = { at: string; synced: number; parked: number; other: number };

const HEIGHT = 96;
const WIDTH = 720;
const GAP = 0.2;

const LEGEND = [
  ['synced', 'synced'],
  ['parked', 'parked'],
  ['other', 'other or under way'],
] as const;

export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  const most = Math.max(1, ...bars.map(({ synced, parked, other }) => synced + parked + other));
  const step = WIDTH / Math.max(1, bars.length);
  const total = bars.reduce((sum, { synced, parked, other }) => sum + synced + parked + other, 0);
  return (
    <div>
      <svg
        className="chart"
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        width="100%"
        height={HEIGHT}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${label}: ${formatCount(total)} in all, at most ${formatCount(most)} at a time.`}
      >
        {bars.map((bar, index) => {
          let top = HEIGHT;
          return (
            <g key={bar.at}>
              <title>{`${formatTime(bar.at).slice(0, 16)}: ${bar.synced} synced, ${bar.parked} parked, ${bar.other} other`}</title>
              {LEGEND.map(([name]) => {
                const height = (bar[name] / most) * (HEIGHT - 4);
                top -= height;
                return (
                  <rect
                    key={name}
                    className={name}
                    x={index * step}
                    y={top}
                    width={step * (1 - GAP)}
                    height={height}
                  />
                );
              })}
            </g>
          );
        })}
      </svg>
      <Group justify="space-between" gap="xs">
        <Text size="xs" c="dimmed">
          {bars[0] && formatTime(bars[0].at).slice(0, 16)}
        </Text>
        <Group gap="sm">
          {LEGEND.map(([name, words]) => (
            <Text key={name} size="xs" c="dimmed">
              <svg className="chart" width={10} height={10} aria-hidden>
                <rect className={name} width={10} height={10} />
              </svg>{' '}
              {words}
            </Text>
          ))}
        </Group>
        <Text size="xs" c="dimmed">
          now
        </Text>
      </Group>
    </div>
  );
}

/** The same for whoever reads better than they see bars. */
export function BarsTable({ bars }: { bars: readonly Bar[] }) {
  const told = bars.filter(({ synced, parked, other }) => synced + parked + other > 0);
  if (told.length === 0) return <Text size="sm">Nothing happened in this time.</Text>;
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>From</Table.Th>
          <Table.Th className="amount">Synced</Table.Th>
          <Table.Th className="amount">Parked</Table.Th>
          <Table.Th className="amount">Other</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {told.map((bar) => (
          <Table.Tr key={bar.at}>
            <Table.Td>{formatTime(bar.at).slice(0, 16)}</Table.Td>
            <Table.Td className="amount">{formatCount(bar.synced)}</Table.Td>
            <Table.Td className="amount">{formatCount(bar.parked)}</Table.Td>
            <Table.Td className="amount">{formatCount(bar.other)}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
