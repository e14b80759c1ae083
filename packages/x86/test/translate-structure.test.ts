import fc from 'fast-check';
import { structureOf, type Graph, type Item, type Loop, type Structure } from '../src/translate/structure';

/** Blocks by number, loops in brackets that begin with their heads. */
const text = (items: readonly Item[]): string =>
  items.map((item) => (item.kind === 'block' ? String(item.node) : `(${item.head}: ${text(item.body)})`)).join(' ');

const holds = (item: Item, node: number): boolean =>
  item.kind === 'block' ? item.node === node : item.nodes.has(node);

/** Where a branch goes: in front of an item that comes later, or to the head of a loop that is open. */
type Target = Item | { readonly again: Loop };

/**
 * Executes a structure by the rules of WebAssembly: a branch may go behind a block that it is in (which is where the next item begins), or back to
 * the beginning of a loop that it is in, innermost first; all else has to be done by a label and a jump table at the beginning of a sequence.
 */
class Walker {
  readonly trace: number[] = [];
  private label = 0;
  private readonly scopes: Target[] = [];

  /** `next` says where to go from a block; undefined ends the walk. */
  constructor(
    private readonly structure: Structure,
    private readonly next: (node: number, step: number) => number | undefined,
  ) {}

  walk(entry: number): readonly number[] {
    const label = this.structure.labels.get(entry);
    if (label === undefined) throw new Error(`entry ${entry} has no label`);
    this.label = label;
    const rest = this.sequence(this.structure.items, -1);
    if (rest !== undefined) throw new Error('left without an end');
    return this.trace;
  }

  private sequence(items: readonly Item[], head: number): Target | undefined {
    const { scopes } = this;
    let at = this.label === 0 && head >= 0 ? 0 : items.findIndex((item) => holds(item, this.labelled()));
    for (;;) {
      const before = scopes.length;
      scopes.push(...items.slice(at + 1).reverse());
      const target = this.item(items[at] as Item);
      scopes.length = before;
      const later = items.findIndex((item) => item === target);
      if (later < 0) return target;
      expect(later).toBeGreaterThan(at);
      at = later;
    }
  }

  private labelled(): number {
    for (const [node, label] of this.structure.labels) if (label === this.label) return node;
    throw new Error(`no block has label ${this.label}`);
  }

  private item(item: Item): Target | undefined {
    if (item.kind === 'block') return this.block(item.node);
    const again = { again: item };
    for (;;) {
      this.scopes.push(again);
      const target = this.sequence(item.body, item.head);
      this.scopes.pop();
      if (target !== again) return target;
    }
  }

  private block(node: number): Target | undefined {
    const { structure, trace } = this;
    if (structure.labels.has(node)) this.label = 0;
    expect(this.label).toBe(0);
    trace.push(node);
    const to = this.next(node, trace.length - 1);
    return to === undefined ? undefined : this.find(to);
  }

  private find(node: number): Target {
    for (const scope of [...this.scopes].reverse()) {
      if ('again' in scope) {
        if (scope.again.head === node) return scope;
      } else if (holds(scope, node)) {
        if (scope.kind === 'loop' && scope.head !== node) {
          const label = structure(this.structure, node);
          this.label = label;
        }
        return scope;
      }
    }
    throw new Error(`nothing leads to ${node}`);
  }
}

function structure({ labels }: Structure, node: number): number {
  const label = labels.get(node);
  if (label === undefined) throw new Error(`${node} is entered from outside its loop and has no label`);
  return label;
}

/** Shortest ways from an entry to every block that is reachable from it. */
function ways({ successors }: Graph, entry: number): Map<number, number[]> {
  const found = new Map([[entry, [entry]]]);
  for (const [node, way] of found)
    for (const to of successors[node] ?? []) if (!found.has(to)) found.set(to, [...way, to]);
  return found;
}

/** Every edge that can be come by, from every entry, is walked: the trace has to be the way in the graph. */
function walkEveryEdge(graph: Graph): number {
  const made = structureOf(graph);
  let edges = 0;
  for (const entry of graph.entries)
    for (const [node, way] of ways(graph, entry))
      for (const to of [undefined, ...(graph.successors[node] ?? [])]) {
        const path = to === undefined ? way : [...way, to];
        expect(new Walker(made, (_, step) => path[step + 1]).walk(entry)).toEqual(path);
        edges++;
      }
  return edges;
}

function nodesOf(items: readonly Item[]): number[] {
  return items.flatMap((item) => (item.kind === 'block' ? [item.node] : nodesOf(item.body)));
}

// prettier-ignore
const NAMED: readonly { what: string; graph: Graph; is: string; labelled: readonly number[] }[] = [
  { what: 'one block', graph: { successors: [[]], entries: [0] }, is: '0', labelled: [0] },
  { what: 'a diamond', graph: { successors: [[1, 2], [3], [3], []], entries: [0] }, is: '0 2 1 3', labelled: [0] },
  { what: 'a loop of one block', graph: { successors: [[1], [1, 2], []], entries: [0] }, is: '0 (1: 1) 2', labelled: [0] },
  { what: 'a loop of one block that is the entry', graph: { successors: [[0, 1], []], entries: [0] }, is: '(0: 0) 1', labelled: [0] },
  { what: 'loops in loops', graph: { successors: [[1], [2], [3], [3, 4], [2, 5], [1, 6], []], entries: [0] }, is: '0 (1: 1 (2: 2 (3: 3) 4) 5) 6', labelled: [0] },
  { what: 'two loops with one head', graph: { successors: [[1], [2, 3], [1], [1, 4], []], entries: [0] }, is: '0 (1: 1 3 2) 4', labelled: [0] },
  { what: 'a loop with two ways out', graph: { successors: [[1], [2, 3], [1, 4], [4], []], entries: [0] }, is: '0 (1: 1 2) 3 4', labelled: [0] },
  { what: 'a loop that is also an entry in its middle', graph: { successors: [[1], [2], [1, 3], []], entries: [0, 2] }, is: '0 (1: 1 2) 3', labelled: [0, 2] },
  { what: 'irreducible: two blocks that go to each other, both entered', graph: { successors: [[1, 2], [2], [1, 3], []], entries: [0] }, is: '0 (1: 1 2) 3', labelled: [0, 2] },
  { what: 'parts that nothing leads to', graph: { successors: [[2], [2, 1], [], [0]], entries: [0] }, is: '0 2', labelled: [0] },
  { what: 'two entries that meet', graph: { successors: [[2], [2], []], entries: [0, 1] }, is: '1 0 2', labelled: [0, 1] },
];

describe.each(NAMED)('$what', ({ graph, is, labelled }) => {
  const made = structureOf(graph);
  test('has this structure, and no label that it does not need', () => {
    expect(text(made.items)).toBe(is);
    expect([...made.labels.keys()].sort((x, y) => x - y)).toEqual(labelled);
    expect([...made.labels.values()].sort((x, y) => x - y)).toEqual(labelled.map((_, i) => i + 1));
  });

  test('is walked as the graph is', () => {
    expect(walkEveryEdge(graph)).toBeGreaterThan(0);
  });
});

const graphs = fc.integer({ min: 1, max: 9 }).chain((count) => {
  const node = fc.nat({ max: count - 1 });
  return fc.record({
    successors: fc.array(fc.array(node, { maxLength: 2 }), { minLength: count, maxLength: count }),
    entries: fc.uniqueArray(node, { minLength: 1, maxLength: 3 }),
  });
});

describe('random graphs', () => {
  test('every edge is walked as in the graph', () => {
    fc.assert(
      fc.property(graphs, (graph) => walkEveryEdge(graph) > 0),
      { numRuns: 150 },
    );
  });

  test('so are long walks', () => {
    const property = fc.property(
      graphs,
      fc.array(fc.nat({ max: 1 }), { minLength: 60, maxLength: 60 }),
      (graph, turns) => {
        const entry = graph.entries[0] as number;
        const path = [entry];
        for (const turn of turns) {
          const next = graph.successors[path.at(-1) as number] ?? [];
          if (next.length > 0) path.push(next[turn % next.length] as number);
        }
        const made = structureOf(graph);
        expect(new Walker(made, (_, step) => path[step + 1]).walk(entry)).toEqual(path);
      },
    );
    fc.assert(property, { numRuns: 100 });
  });

  test('what entries lead to is there once, and nothing else', () => {
    const property = fc.property(graphs, (graph) => {
      const nodes = nodesOf(structureOf(graph).items).sort((x, y) => x - y);
      const reachable = new Set(graph.entries.flatMap((entry) => [...ways(graph, entry).keys()]));
      expect(nodes).toEqual([...reachable].sort((x, y) => x - y));
    });
    fc.assert(property, { numRuns: 200 });
  });
});

test('a chain of 20,000 blocks in a loop does not overflow a stack', () => {
  const count = 20_000;
  const successors = Array.from({ length: count }, (_, i) => [(i + 1) % count]);
  const { items } = structureOf({ successors, entries: [0] });
  expect(items).toMatchObject([{ kind: 'loop', head: 0 }]);
  expect(nodesOf(items).length).toBe(count);
});
