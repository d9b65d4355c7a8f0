/** One connection on the overview: in step or not, counts and sums on both sides, how late, how much budget is used. */
import { Badge, Group, Progress, Stack, Table, Text, Tooltip } from '@mantine/core';
import { IconArrowRight, IconCircleCheck, IconCircleDashed } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { Balance, Overview } from '../../../src/api/contract-connections.ts';
import {
  formatAmount,
  formatCount,
  formatDuration,
  formatTime,
  KIND_LABELS,
  readBackText,
} from '../format.ts';
import { BlockNotes } from './blocks.tsx';
import { PauseSwitch } from './pause-switch.tsx';

type One = Overview['connections'][number];

function Agreement({ connection }: { connection: One }) {
  if (connection.state === 'paused') {
    return (
      <Badge variant="light" color="orange" size="lg">
        Paused
      </Badge>
    );
  }
  const { inStep } = connection;
  return (
    <Tooltip
      label={
        inStep
          ? 'Counts and sums were equal on both sides when the copies were read back, and nothing waits.'
          : 'Something is on its way, waits for a decision, differs, or cannot be read: see the lines below.'
      }
    >
      <Badge
        variant="light"
        size="lg"
        color={inStep ? 'teal' : 'orange'}
        tabIndex={0}
        leftSection={
          inStep ? <IconCircleCheck size={16} aria-hidden /> : <IconCircleDashed size={16} aria-hidden />
        }
      >
        {inStep ? 'In step' : 'Not in step'}
      </Badge>
    </Tooltip>
  );
}

function BalanceRow({ balance, connectionId }: { balance: Balance; connectionId: string }) {
  const { kind, currency, pending, parked } = balance;
  return (
    <Table.Tr className={balance.equal ? undefined : 'differs'}>
      <Table.Td>
        <Link to="/records" search={{ connectionId, kind, currency }} className="record-link">
          {KIND_LABELS[kind]}s {currency}
        </Link>
      </Table.Td>
      <Table.Td className="amount">{formatCount(balance.sourceCount)}</Table.Td>
      <Table.Td className="amount">{formatAmount(balance.sourceAmount)}</Table.Td>
      <Table.Td className="amount">{formatCount(balance.copyCount)}</Table.Td>
      <Table.Td className="amount">{formatAmount(balance.copyAmount)}</Table.Td>
      <Table.Td>
        {balance.equal ? 'equal' : 'differs'}
        {pending > 0 && `, ${formatCount(pending)} pending`}
        {parked > 0 && `, ${formatCount(parked)} parked`}
      </Table.Td>
    </Table.Tr>
  );
}

function Balances({ connection }: { connection: One }) {
  if (connection.balances.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        Nothing with an amount has come yet.
      </Text>
    );
  }
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={`Both sides of ${connection.name}`}>
      <Table miw={560}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>What</Table.Th>
            <Table.Th className="amount" colSpan={2}>
              {connection.sourceLabel}
            </Table.Th>
            <Table.Th className="amount" colSpan={2}>
              {connection.destinationLabel}
            </Table.Th>
            <Table.Th>State</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {connection.balances.map((balance) => (
            <BalanceRow
              key={`${balance.kind} ${balance.currency}`}
              balance={balance}
              connectionId={connection.id}
            />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Budgets({ connection }: { connection: One }) {
  const told = connection.budgets.filter(
    ({ limit, blockedUntil }) => limit !== null || blockedUntil !== null,
  );
  return told.map(({ side, pool, limit, windowSeconds, usedPercent, blockedUntil }) => {
    const label = side === 'source' ? connection.sourceLabel : connection.destinationLabel;
    const words = `${usedPercent} % of the calls that ${label} allows right now (${pool}${limit === null ? '' : `, ${formatCount(limit)} in ${formatDuration(windowSeconds ?? 60)}`})`;
    return (
      <Tooltip
        key={`${side} ${pool}`}
        label={blockedUntil === null ? words : `${label} asked us to wait until ${formatTime(blockedUntil)}.`}
      >
        <Group gap={6} tabIndex={0} role="group" aria-label={words}>
          <Text size="xs" c="dimmed">
            {label} {pool}
          </Text>
          <Progress
            w={70}
            value={usedPercent}
            color={usedPercent > 90 ? 'orange' : 'cyan'}
            aria-label={words}
          />
        </Group>
      </Tooltip>
    );
  });
}

function Signs({ connection }: { connection: One }) {
  return (
    <Group gap="md">
      <Tooltip label="Age of the oldest change that has not come to its end yet.">
        <Text size="sm" tabIndex={0}>
          <Text component="span" c="dimmed" inherit>
            Lag{' '}
          </Text>
          {connection.unsettled === 0 ? 'none' : formatDuration(connection.lagSeconds)}
        </Text>
      </Tooltip>
      <Text size="sm">
        <Text component="span" c="dimmed" inherit>
          Last event{' '}
        </Text>
        {connection.lastEventAt === null ? (
          'never'
        ) : (
          <time dateTime={connection.lastEventAt}>{formatTime(connection.lastEventAt)}</time>
        )}
      </Text>
      <Text size="sm">
        <Text component="span" c="dimmed" inherit>
          Parked{' '}
        </Text>
        {formatCount(connection.parked)}
        {connection.following > 0 && ` and ${formatCount(connection.following)} that follow`}
      </Text>
      <Budgets connection={connection} />
    </Group>
  );
}

export function ConnectionCard({ connection }: { connection: One }) {
  return (
    <article className="surface" aria-label={connection.name}>
      <Stack gap="sm" p="sm">
        <Group justify="space-between" gap="xs">
          <Group gap="sm">
            <Link
              to="/connections/$connectionId"
              params={{ connectionId: connection.id }}
              className="record-link"
            >
              {connection.name}
            </Link>
            <Agreement connection={connection} />
            <Text size="sm" c="dimmed">
              {connection.sourceLabel}{' '}
              <IconArrowRight size={14} aria-label="to" style={{ verticalAlign: 'text-bottom' }} />{' '}
              {connection.destinationLabel}
            </Text>
          </Group>
          <PauseSwitch connection={connection} />
        </Group>
        {connection.pauseReason !== null && <Text size="sm">{connection.pauseReason}</Text>}
        <BlockNotes blocks={connection.blocks} />
        <Signs connection={connection} />
        <Balances connection={connection} />
        {connection.readBack && (
          <Text size="xs" c="dimmed">
            Copies {readBackText(connection.readBack)}.
          </Text>
        )}
      </Stack>
    </article>
  );
}
