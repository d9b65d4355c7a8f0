/** One call with its request and its answer, and the same call as a command to copy. */
import { Button, CopyButton, Group, Stack, Text } from '@mantine/core';
import { parsedBody, type RecordedCall, toCurl } from '../calls.ts';
import { RawJson } from './raw-json.tsx';

function Half({ title, headers, body }: { title: string; headers: unknown; body: unknown }) {
  return (
    <div>
      <Text size="xs" fw={600} mb={4}>
        {title}
      </Text>
      {body === undefined ? (
        <Text size="xs" c="dimmed">
          no content
        </Text>
      ) : (
        <RawJson data={body} label={title} />
      )}
      <details>
        <summary>
          <Text component="span" size="xs">
            Headers
          </Text>
        </summary>
        <RawJson data={headers ?? {}} label={`${title}: headers`} />
      </details>
    </div>
  );
}

export function CallView({ call }: { call: RecordedCall }) {
  return (
    <Stack gap="xs" mt={4}>
      <Group justify="space-between" gap="xs">
        <Text className="path">
          {call.method} {call.url}
        </Text>
        <CopyButton value={toCurl(call)}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy as curl'}
            </Button>
          )}
        </CopyButton>
      </Group>
      <Half title="Request" headers={call.requestHeaders} body={parsedBody(call.requestBody)} />
      <Half
        title={
          call.status === undefined ? `No answer: ${call.failure ?? 'unknown'}` : `Answer ${call.status}`
        }
        headers={call.responseHeaders}
        body={parsedBody(call.responseBody)}
      />
    </Stack>
  );
}
