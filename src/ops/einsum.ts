import { signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { STRING, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

const bmmArguments = signature('bmm', { a: TENSOR, b: TENSOR });

/**
 * The matrix products of two batches: `matmul` of tensors with exactly three dims.
 *
 * @param a [batch, m, k]
 * @param b [batch, k, n]
 * @throws ShapeError if the sizes do not fit
 */
export function bmm(a: Tensor, b: Tensor): Tensor {
  bmmArguments(arguments);
  if (a.ndim !== 3 || b.ndim !== 3 || a.shape[0] !== b.shape[0]) {
    throw new ShapeError('bmm', 'not two batches of matrices', {
      takes: 'a [batch, m, k] and b [batch, k, n]',
      got: `a ${describe(a)} and b ${describe(b)}`,
    });
  }
  return a.matmul(b);
}

/** A tensor whose dims have letters. */
interface Lettered {
  readonly tensor: Tensor;
  readonly letters: string;
}

const EQUATION = /^((?:[a-z]*(?:\.{3})?[a-z]*)(?:,[a-z]*(?:\.{3})?[a-z]*)*)(?:->([a-z]*(?:\.{3})?[a-z]*))?$/i;
const DOTS = '...';
/** The dims of `...` have letters beyond those of equations, from here on. */
const FIRST_DOT = 0x3b1;
const isDot = (letter: string): boolean => letter.charCodeAt(0) >= FIRST_DOT;

/**
 * Sums of products in Einstein's notation. Each operand has a letter for each dim. The result has the letters behind `->`; the
 * products are summed over all others. Without `->` it has those that occur once, in alphabetical order.
 *
 * `...` stands for any dims; they broadcast. Without `->` they come first in the result.
 *
 * The operands are multiplied in order, each time as a batch of matrix products.
 *
 * @throws ArgumentError if the equation is not one, or a letter of the result occurs in no operand
 * @throws ShapeError if a letter stands for two sizes, or an operand has another number of dims
 * @example
 * einsum('bqd,bkd->bqk', queries, keys);
 */
export function einsum(equation: string, ...operands: Tensor[]): Tensor {
  const kinds = Object.fromEntries(operands.map((_, index) => [`operand ${index}`, TENSOR]));
  signature('einsum', { equation: STRING, ...kinds })([equation, ...operands]);
  const parts = EQUATION.exec(equation.replaceAll(' ', ''));
  const written = parts?.[1]!.split(',') ?? [];
  const ranks = written.map((letters, index) =>
    letters.includes(DOTS) ? (operands[index]?.ndim ?? 0) - letters.length + DOTS.length : 0,
  );
  const rank = Math.max(0, ...ranks);
  const dots = Array.from({ length: rank }, (_, axis) => String.fromCharCode(FIRST_DOT + axis)).join('');
  const inputs = written.map((letters, index) =>
    letters.replace(DOTS, dots.slice(rank - Math.max(0, ranks[index]!))),
  );
  const once = inputs
    .join('')
    .split('')
    .filter((letter, _, all) => !isDot(letter) && all.indexOf(letter) === all.lastIndexOf(letter));
  const output = parts?.[2]?.replace(DOTS, dots) ?? dots + once.sort().join('');
  const fits =
    new Set(output).size === output.length &&
    output.split('').every((letter) => inputs.join('').includes(letter));
  if (!fits || inputs.length !== operands.length) {
    throw new ArgumentError('einsum', 'the equation does not fit', {
      takes: "letters of each operand and of the result, as in 'ij,jk->ik'",
      got: `'${equation}' for ${operands.length} operands`,
    });
  }
  const sizes = checkSizes(inputs, operands);
  return scope(() => {
    const [first, ...others] = operands.map((tensor, index) =>
      withoutRepeats(withoutStretched({ tensor, letters: inputs[index]! }, sizes)),
    );
    const product = others.reduce((left, right, index) => {
      const later = others.slice(index + 1).map(({ letters }) => letters);
      return multiplied(left, right, output + later.join(''));
    }, first!);
    const summed = keepOnly(product, output);
    return summed.tensor.permute(output.split('').map((letter) => summed.letters.indexOf(letter)));
  });
}

/** The sizes of all letters. */
function checkSizes(inputs: readonly string[], operands: readonly Tensor[]): Map<string, number> {
  const sizes = new Map<string, number>();
  operands.forEach((tensor, index) => {
    const letters = inputs[index]!;
    const misfit = letters.split('').some((letter, axis) => {
      const size = tensor.shape[axis]!;
      const known = sizes.get(letter) ?? size;
      const stretches = isDot(letter) && (known === 1 || size === 1);
      sizes.set(letter, stretches && known === 1 ? size : known);
      return known !== size && !stretches;
    });
    if (!misfit && letters.length === tensor.ndim) return;
    throw new ShapeError('einsum', 'an operand does not fit', {
      takes: `a tensor with dims ${letters || 'of none'}, of one size for each letter`,
      got: `${describe(tensor)} as operand ${index}`,
    });
  });
  return sizes;
}

/** Without the dims of size 1 that `...` stretches. */
function withoutStretched(given: Lettered, sizes: ReadonlyMap<string, number>): Lettered {
  const { tensor, letters } = given;
  const kept = letters.split('').filter((letter, axis) => sizes.get(letter) === tensor.shape[axis]);
  if (kept.length === letters.length) return given;
  return { tensor: tensor.reshape(kept.map((letter) => sizes.get(letter)!)), letters: kept.join('') };
}

/** The diagonals over letters that an operand has twice. */
function withoutRepeats({ tensor, letters }: Lettered): Lettered {
  const second = letters.split('').findIndex((letter, axis) => letters.indexOf(letter) < axis);
  if (second < 0) return { tensor, letters };
  const letter = letters[second]!;
  const first = letters.indexOf(letter);
  const others = letters
    .split('')
    .filter((_, axis) => axis !== first && axis !== second)
    .join('');
  return withoutRepeats({ tensor: tensor.diagonal(0, first, second), letters: others + letter });
}

/** Sums over the letters that nobody wants. */
function keepOnly({ tensor, letters }: Lettered, wanted: string): Lettered {
  const dims = letters.split('').flatMap((letter, axis) => (wanted.includes(letter) ? [] : [axis]));
  if (dims.length === 0) return { tensor, letters };
  return {
    tensor: tensor.sum(dims),
    letters: letters
      .split('')
      .filter((letter) => wanted.includes(letter))
      .join(''),
  };
}

/** The product of two operands, summed over the letters that only they have and nobody wants. */
function multiplied(left: Lettered, right: Lettered, wanted: string): Lettered {
  const a = keepOnly(left, right.letters + wanted);
  const b = keepOnly(right, left.letters + wanted);
  const shared = a.letters.split('').filter((letter) => b.letters.includes(letter));
  const batch = shared.filter((letter) => wanted.includes(letter));
  const summed = shared.filter((letter) => !wanted.includes(letter));
  const rows = a.letters.split('').filter((letter) => !shared.includes(letter));
  const columns = b.letters.split('').filter((letter) => !shared.includes(letter));
  const sizesOf = ({ tensor, letters }: Lettered, of: string[]): number[] =>
    of.map((letter) => tensor.shape[letters.indexOf(letter)]!);
  const matrices = (each: Lettered, ...groups: [string[], string[], string[]]): Tensor =>
    each.tensor
      .permute(groups.flat().map((letter) => each.letters.indexOf(letter)))
      .reshape(groups.map((group) => sizeOf(sizesOf(each, group))));
  const product = matrices(a, batch, rows, summed).matmul(matrices(b, batch, summed, columns));
  return {
    tensor: product.reshape([...sizesOf(a, batch), ...sizesOf(a, rows), ...sizesOf(b, columns)]),
    letters: [...batch, ...rows, ...columns].join(''),
  };
}
