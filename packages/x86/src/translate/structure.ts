/**
 * Control flow of a region as nested loops and sequences, from which structured WebAssembly follows. A graph becomes its strongly connected
 * components in topological order; a component with a cycle becomes a loop whose back edges go to its head, and the rest of it is structured
 * again. Who enters a loop anywhere but at its head (an entry of the region, or irreducible flow) goes through the head with a label.
 */
export interface Graph {
  /** Successors by node. */
  readonly successors: readonly (readonly number[])[];
  /** Nodes where the region is entered; the first is the one that everything is reachable from, or as good as any. */
  readonly entries: readonly number[];
}

export type Item = { readonly kind: 'block'; readonly node: number } | Loop;
export interface Loop {
  readonly kind: 'loop';
  readonly head: number;
  readonly nodes: ReadonlySet<number>;
  readonly body: readonly Item[];
}

export interface Structure {
  readonly items: readonly Item[];
  /** Nodes that are reached through the heads of loops around them: each gets a label, from 1 on. */
  readonly labels: ReadonlyMap<number, number>;
}

export function structureOf({ successors, entries }: Graph): Structure {
  const labelled = new Set<number>(entries);
  const predecessors = successors.map((): number[] => []);
  successors.forEach((list, from) => list.forEach((to) => predecessors[to]?.push(from)));
  const isEntry = new Set(entries);

  /** The items of `nodes` when edges into `head`, the loop's around them, are cut. */
  const itemsOf = (nodes: readonly number[], head: number): Item[] =>
    components(nodes, successors, head).map((component): Item => {
      const [first] = component;
      const node = first as number;
      const within = new Set(component);
      if (component.length === 1 && !(successors[node]?.includes(node) === true && node !== head))
        return { kind: 'block', node };
      const entered = component.filter(
        (own) => isEntry.has(own) || own === head || predecessors[own]?.some((from) => !within.has(from)),
      );
      const own = chooseHead(entered, component, predecessors, within);
      for (const other of entered) if (other !== own) labelled.add(other);
      return { kind: 'loop', head: own, nodes: within, body: itemsOf(component, own) };
    });

  const all = reachable(successors, entries);
  const items = itemsOf(all, -1);
  const labels = new Map([...labelled].map((node, i) => [node, i + 1]));
  return { items, labels };
}

/** The entered node that most edges from inside come back to: the others cost a label. */
function chooseHead(
  entered: readonly number[],
  component: readonly number[],
  predecessors: readonly (readonly number[])[],
  within: ReadonlySet<number>,
): number {
  let best = entered[0] ?? (component[0] as number);
  let most = -1;
  for (const node of entered) {
    const back = predecessors[node]?.filter((from) => within.has(from)).length ?? 0;
    const outside = predecessors[node]?.some((from) => !within.has(from)) === true ? 100 : 0;
    if (back > 0 && back + outside > most) {
      most = back + outside;
      best = node;
    }
  }
  return best;
}

function reachable(successors: readonly (readonly number[])[], entries: readonly number[]): number[] {
  const seen = new Set<number>();
  const todo = [...entries].reverse();
  while (todo.length > 0) {
    const node = todo.pop() as number;
    if (seen.has(node)) continue;
    seen.add(node);
    const next = successors[node] ?? [];
    for (let i = next.length - 1; i >= 0; i--) todo.push(next[i] as number);
  }
  return [...seen];
}

/**
 * Strongly connected components of the nodes, in topological order, without edges into `head`. Source: Tarjan, "Depth-first search and linear
 * graph algorithms", 1972; iterative, because regions may be deep.
 */
function components(nodes: readonly number[], successors: readonly (readonly number[])[], head: number): number[][] {
  const within = new Set(nodes);
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  const found: number[][] = [];
  const visit = (root: number): void => {
    const work: [node: number, next: number][] = [[root, 0]];
    while (work.length > 0) {
      const frame = work[work.length - 1] as [number, number];
      const [node, next] = frame;
      if (next === 0) {
        index.set(node, index.size);
        low.set(node, index.get(node) as number);
        stack.push(node);
        onStack.add(node);
      }
      const to = successors[node]?.[next];
      if (to !== undefined) {
        frame[1] = next + 1;
        if (to === head || !within.has(to)) continue;
        if (!index.has(to)) work.push([to, 0]);
        else if (onStack.has(to)) low.set(node, Math.min(low.get(node) as number, index.get(to) as number));
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent) low.set(parent[0], Math.min(low.get(parent[0]) as number, low.get(node) as number));
      if (low.get(node) === index.get(node)) found.push(popComponent(stack, onStack, node));
    }
  };
  for (const node of nodes) if (!index.has(node)) visit(node);
  return found.reverse();
}

function popComponent(stack: number[], onStack: Set<number>, root: number): number[] {
  const component: number[] = [];
  for (;;) {
    const node = stack.pop() as number;
    onStack.delete(node);
    component.push(node);
    if (node === root) return component.reverse();
  }
}
