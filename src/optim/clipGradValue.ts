import { type Kind, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { REAL, TENSOR, TENSORS } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { Tensor } from '../tensor/tensor.ts';
import { gradientsToChange, neighbours } from './gradientRuns.ts';

const PARAMETERS: Kind = {
  takes: 'a tensor or a list of tensors',
  fits: (value) => TENSOR.fits(value) || TENSORS.fits(value),
};
const takes = signature('clipGradValue', { parameters: PARAMETERS, clipValue: REAL });

/**
 * Limits each element of the gradients of parameters to [-clipValue, clipValue], in place.
 *
 * @param parameters leaves; those without a gradient are ignored
 * @throws ArgumentError for a negative clipValue
 * @example
 * loss.backward();
 * clipGradValue(model.parameters(), 0.5);
 * optimizer.step();
 */
export function clipGradValue(parameters: Tensor | readonly Tensor[], clipValue: number): void {
  takes(arguments);
  if (!(clipValue >= 0)) {
    throw new ArgumentError('clipGradValue', 'invalid clipValue', {
      takes: 'clipValue ≥ 0',
      got: String(clipValue),
    });
  }
  const distinct = [...new Set(parameters instanceof Tensor ? [parameters] : parameters)];
  const gradients = gradientsToChange(distinct);
  scope(() =>
    noGrad(() => {
      for (const { buffer, offset, size } of neighbours(gradients)) {
        const holder = gradients.find(({ storage }) => storage.buffer === buffer)!;
        const run = holder.withLayout({ shape: [size], strides: [1], offset });
        run.copy_(run.clamp(-clipValue, clipValue));
      }
    }),
  );
}
