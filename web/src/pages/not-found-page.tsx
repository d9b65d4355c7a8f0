/** For addresses that lead nowhere. */
import { Anchor, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Page } from '../parts/page.tsx';

export function NotFoundPage() {
  return (
    <Page title="There is no such page">
      <Text>
        The address may be old or mistyped.{' '}
        <Anchor component={Link} to="/" underline="always">
          Go to the overview
        </Anchor>
      </Text>
    </Page>
  );
}
