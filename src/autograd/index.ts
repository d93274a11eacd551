/** Functions with gradients of their own, and derivatives of functions, under PyTorch's names. */
export { checkpoint, type CheckpointResult } from './checkpoint.ts';
export {
  Function,
  type FunctionClass,
  type FunctionContext,
  type FunctionGradients,
} from './customFunction.ts';
export { detectAnomaly } from './detectAnomaly.ts';
export { hessian, jacobian, jvp, type TensorFunction, vjp } from './derivatives.ts';
