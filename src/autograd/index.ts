/** Functions with gradients of their own, and derivatives of functions, under PyTorch's names. */
export {
  Function,
  type FunctionClass,
  type FunctionContext,
  type FunctionGradients,
} from './customFunction.ts';
export { hessian, jacobian, jvp, type TensorFunction, vjp } from './derivatives.ts';
