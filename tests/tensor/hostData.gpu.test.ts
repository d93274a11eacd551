import { webgpuOrSkip } from '../adapter.ts';
import { hostDataSuite } from './hostDataSuite.ts';

hostDataSuite(webgpuOrSkip);
