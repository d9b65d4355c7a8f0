/** The simulated systems that a rehearsal runs inside its own process. */
export { rehearseFreshBooks as rehearseSource } from './freshbooks/simulator/rehearsal.ts';
export { rehearseZuora as rehearseDestination } from './zuora/simulator/rehearsal.ts';
