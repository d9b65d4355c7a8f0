/** All seeded bugs. */
import { DELIVERING_BUGS } from './bugs-delivering.ts';
import { PLANNING_BUGS } from './bugs-planning.ts';
import { READING_BUGS } from './bugs-reading.ts';

export const BUGS = [...READING_BUGS, ...DELIVERING_BUGS, ...PLANNING_BUGS];
