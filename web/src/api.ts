/** Calls to the admin API; every failure is an ApiError with words fit for the person. */
import type {
  ConnectionView,
  Problem,
  RecordDetail,
  RecordPage,
  RecordQuery,
  ReplayRequest,
  ReplayResult,
  SessionView,
  SignInRequest,
  Status,
} from '../../src/api/contract.ts';

export class ApiError extends Error {
  readonly status: number;
  readonly hint: string | undefined;

  constructor(status: number, message: string, hint?: string) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

async function toError(answer: Response): Promise<ApiError> {
  const problem: Partial<Problem> = await answer.json().catch(() => ({}));
  const wrong = problem.errors?.map(({ field, message }) => `${field}: ${message}`).join('; ');
  const reference =
    problem.requestId === undefined ? undefined : `Reference for the log: ${problem.requestId}`;
  const message = problem.detail ?? wrong ?? problem.title ?? `The service answered ${answer.status}.`;
  return new ApiError(answer.status, message, problem.hint ?? reference);
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const accept = { accept: 'application/json' };
  const options: RequestInit =
    body === undefined
      ? { method, headers: accept }
      : { method, headers: { ...accept, 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`/api/v1${path}`, options).catch(() => {
    throw new ApiError(0, 'The service does not answer.', 'Is it running, and is this machine online?');
  });
  if (!answer.ok) throw await toError(answer);
  return answer.status === 204 ? (undefined as T) : ((await answer.json()) as T);
}

export type RecordFilter = Pick<
  Partial<RecordQuery>,
  'connectionId' | 'state' | 'kind' | 'reason' | 'search'
>;

function toQuery(values: Record<string, string | number | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.toString();
}

export const api = {
  /** Null when nobody is signed in. */
  session: async (): Promise<SessionView | null> => {
    try {
      return await call<SessionView>('GET', '/session');
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return null;
      throw error;
    }
  },
  signIn: (request: SignInRequest) => call<SessionView>('POST', '/session', request),
  signOut: () => call<void>('DELETE', '/session'),
  connections: () => call<ConnectionView[]>('GET', '/connections'),
  pause: (connectionId: string, reason: string) =>
    call<ConnectionView>('POST', `/connections/${connectionId}/pause`, { reason }),
  resume: (connectionId: string) => call<ConnectionView>('POST', `/connections/${connectionId}/resume`),
  records: (filter: RecordFilter, cursor: string | undefined) =>
    call<RecordPage>('GET', `/records?${toQuery({ ...filter, cursor, limit: 50 })}`),
  record: (recordId: string) => call<RecordDetail>('GET', `/records/${encodeURIComponent(recordId)}`),
  replay: (request: ReplayRequest) => call<ReplayResult>('POST', '/replays', request),
  status: () => call<Status>('GET', '/status'),
};
