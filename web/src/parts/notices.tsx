/** What upgrades left for a person to do; shown until an admin says that it is done. */
import { Group, List, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useAct } from '../act.ts';
import { api } from '../api.ts';
import { useMay } from '../session.tsx';
import { ConfirmButton } from './confirm-button.tsx';
import { Section } from './page.tsx';

function Finish({ id, message }: { id: string; message: string }) {
  const finish = useAct(() => api.finishNotice(id), { failed: 'Nothing was changed' });
  return (
    <ConfirmButton
      label="Done"
      about={message}
      question="It is shown no more; nothing else is changed by this."
      act={finish}
    />
  );
}

export function Notices() {
  const notices = useQuery({ queryKey: ['notices'], queryFn: api.notices });
  const mayFinish = useMay('admin');
  if (notices.data === undefined || notices.data.length === 0) return null;
  return (
    <Section title="To do after the upgrade">
      <List spacing="sm" listStyleType="none">
        {notices.data.map(({ id, message, action }) => (
          <List.Item key={id}>
            <Group justify="space-between" gap="xs" wrap="nowrap">
              <Text size="sm">
                {message} {action}
              </Text>
              {mayFinish && <Finish id={id} message={message} />}
            </Group>
          </List.Item>
        ))}
      </List>
    </Section>
  );
}
