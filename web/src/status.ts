/** Sums over everything: asked for seldom, as a page that opens must not wait for them; changes still make them fresh. */
import { api } from './api.ts';

export const STATUS = { queryKey: ['data', 'status'], queryFn: api.status, staleTime: 30_000 };
