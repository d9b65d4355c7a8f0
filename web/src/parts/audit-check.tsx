/** A check of the whole audit: starting one, how far it is, and what it has found. */
import { Alert, Button, Group, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { AuditCheckView } from '../../../src/api/contract-people.ts';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { formatTime } from '../format.ts';
import { useMay } from '../session.tsx';

const LOOK_MS = 2_000;
const MOST_SHOWN = 50;

export function AuditCheck() {
  const newest = useQuery({
    queryKey: ['audit-check'],
    queryFn: api.auditCheck,
    refetchInterval: (query) => (query.state.data?.check?.state === 'running' ? LOOK_MS : false),
  });
  const start = useAct(api.verifyAudit, { failed: 'The audit is not being checked' });
  const check = newest.data?.check ?? null;
  const mayStart = useMay('operator');
  return (
    <section aria-label="Check of the audit">
      <Group gap="sm" my="sm">
        {mayStart && (
          <Button
            size="compact-sm"
            variant="default"
            loading={start.isPending || check?.state === 'running'}
            onClick={() => start.mutate()}
          >
            Verify the whole audit
          </Button>
        )}
        <Text size="sm" c="dimmed">
          {check === null ? 'It was never verified as a whole.' : toWords(check)}
        </Text>
      </Group>
      {check !== null && check.faults.length > 0 && <Faults check={check} />}
    </section>
  );
}

function Faults({ check }: { check: AuditCheckView }) {
  return (
    <Alert color="red" role="alert" title="The audit has been altered" mb="sm">
      <List size="sm">
        {check.faults.slice(0, MOST_SHOWN).map(({ subject, position, why }) => (
          <List.Item key={subject} style={{ overflowWrap: 'anywhere' }}>
            {subject}
            {position === null ? '' : `: entry ${position}`} {why}
          </List.Item>
        ))}
      </List>
      {check.faults.length > MOST_SHOWN && (
        <Text size="sm">And {check.faults.length - MOST_SHOWN} more.</Text>
      )}
    </Alert>
  );
}

function toWords({ state, finishedAt, chains, entries, batches, faults }: AuditCheckView): string {
  const figures = `${chains} chains, ${entries} entries, ${batches} signed batches of ends`;
  if (state === 'running') return `Under way: ${figures}.`;
  if (finishedAt === null) return 'The last check did not come to its end.';
  const end = faults.length === 0 ? 'all as it was written' : `${faults.length} broken`;
  return `Verified ${formatTime(finishedAt)}: ${figures}; ${end}.`;
}
