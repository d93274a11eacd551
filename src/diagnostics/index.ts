/** What developers of networks and operations check and measure with. It works on the tensors and devices of `wgrad`. */
export { type Differentiable, gradcheck, type GradcheckOptions, gradgradcheck } from './gradcheck.ts';
export type { CountedLaunch, LaunchFacts } from './costs/launchFacts.ts';
export { type CountedProfile, profile, type Profiler } from './profiling/profile.ts';
export type { HostSpan } from '../backend/profile.ts';
