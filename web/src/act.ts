/** A change that a person asks for: says how it ended, and makes everything shown fresh. */
import { notifications } from '@mantine/notifications';
import { type UseMutationResult, useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError } from './api.ts';

type Words<T> = { done?: (result: T) => string; failed: string; after?: (result: T) => unknown };

/** `failed` is the title over the reason: "Nothing was changed". */
export function useAct<T, V = void>(
  change: (variables: V) => Promise<T>,
  { done, failed, after }: Words<T>,
): UseMutationResult<T, Error, V> {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: async (result) => {
      if (done) notifications.show({ message: done(result) });
      // A page that is being left is not asked for again.
      await after?.(result);
      return client.invalidateQueries();
    },
    onError: (error) => {
      // The page asks what is to become of them, and does it then.
      if (error instanceof ApiError && error.serviceTokens.length > 0) return;
      const hint = error instanceof ApiError && error.hint !== undefined ? ` ${error.hint}` : '';
      notifications.show({
        color: 'red',
        title: failed,
        message: `${error.message}${hint}`,
        autoClose: 10_000,
      });
    },
  });
}
