/** Something could not be loaded: what, what to do, and a way to try again. */
import { Alert, Button, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { ApiError } from '../api.ts';

export function Failure({ error, again }: { error: Error; again: () => void }) {
  return (
    <Alert
      color="red"
      variant="light"
      role="alert"
      icon={<IconAlertTriangle aria-hidden />}
      title={error.message}
    >
      {error instanceof ApiError && error.hint !== undefined && (
        <Text size="sm" mb="xs">
          {error.hint}
        </Text>
      )}
      <Button size="compact-sm" variant="default" onClick={again}>
        Try again
      </Button>
    </Alert>
  );
}
