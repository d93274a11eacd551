import type { NodeProto } from './model.ts';

/** The nodes that outputs depend on, in order. */
export function usedNodes(nodes: readonly NodeProto[], outputs: readonly string[]): NodeProto[] {
  const wanted = new Set(outputs);
  return nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((each) => wanted.has(each))) return false;
      for (const input of node.inputs) wanted.add(input);
      return true;
    })
    .toReversed();
}
