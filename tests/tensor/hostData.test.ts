import { open } from '../../src/index.ts';
import { hostDataSuite } from './hostDataSuite.ts';

const cpu = open('cpu');
hostDataSuite(() => cpu);
