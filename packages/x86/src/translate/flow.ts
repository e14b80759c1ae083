import { type Emitter } from './emitter.js';
import { LOCAL } from './locals.js';
import { OP } from './opcodes.js';
import { structureOf, type Item, type Loop, type Structure } from './structure.js';
import { type Region } from './region.js';

/** A label that branches can go to: in front of an item, or a loop's head. */
type Scope = { readonly kind: 'item'; readonly item: Item } | { readonly kind: 'loop'; readonly loop: Loop };

/** Nested loops and sequences as WebAssembly's blocks, loops and labels; what is in a block is the compiler's. */
export abstract class Flow {
  protected readonly structure: Structure;
  private readonly scopes: { scope: Scope; depth: number }[] = [];

  constructor(
    { blocks, entries }: Region,
    protected readonly emit: Emitter,
  ) {
    const successors = blocks.map((block) => block.successors.filter((to) => to >= 0));
    this.structure = structureOf({ successors, entries });
  }

  protected abstract block(node: number): void;

  /** Heads of all loops. */
  protected get heads(): number[] {
    return headsOf(this.structure.items);
  }

  /** Items in order; `entered` are nodes within that a label may ask for, `head` the one that label 0 means. */
  protected sequence(items: readonly Item[], entered: readonly number[], head: number): void {
    const { emit, scopes } = this;
    for (let i = items.length - 1; i >= 0; i--) {
      emit.open(OP.block);
      scopes.push({ scope: { kind: 'item', item: items[i] as Item }, depth: emit.depth });
    }
    const labelled = entered.filter((node) => node !== head);
    if (labelled.length > 0) this.dispatch(items, labelled, head >= 0);
    for (const item of items) {
      emit.close();
      scopes.pop();
      this.item(item);
    }
  }

  /** Goes to the item that holds the labelled node; the first one is the default. */
  private dispatch(items: readonly Item[], nodes: readonly number[], hasDefault: boolean): void {
    const { emit, structure } = this;
    const depthOf = new Map<number, number>();
    for (const node of nodes)
      depthOf.set(
        structure.labels.get(node) as number,
        items.findIndex((item) => holds(item, node)),
      );
    if (hasDefault) {
      emit.get(LOCAL.label);
      emit.op(OP.i32_eqz);
      emit.branch(OP.br_if, 0);
    }
    const first = Math.min(...depthOf.keys());
    const last = Math.max(...depthOf.keys());
    emit.get(LOCAL.label);
    emit.i32(first);
    emit.op(OP.i32_sub, OP.br_table);
    emit.unsigned(last - first + 1);
    for (let label = first; label <= last; label++) emit.unsigned(depthOf.get(label) ?? 0);
    emit.unsigned(0);
  }

  private item(item: Item): void {
    const { emit, scopes } = this;
    if (item.kind === 'block') return this.block(item.node);
    emit.open(OP.loop);
    scopes.push({ scope: { kind: 'loop', loop: item }, depth: emit.depth });
    const entered = [...this.structure.labels.keys()].filter((node) => item.nodes.has(node));
    this.sequence(item.body, entered, item.head);
    scopes.pop();
    emit.close();
    emit.op(OP.unreachable);
  }

  /** The label that leads to a block, and whether its number has to be said on the way. */
  protected find(node: number): { depth: number; needsLabel: boolean } {
    for (let i = this.scopes.length - 1; i >= 0; i--) {
      const { scope, depth } = this.scopes[i] as { scope: Scope; depth: number };
      if (scope.kind === 'loop' ? scope.loop.head === node : holds(scope.item, node)) {
        const needsLabel = scope.kind === 'item' && scope.item.kind === 'loop' && scope.item.head !== node;
        return { depth: this.emit.depth - depth, needsLabel };
      }
    }
    throw new Error(`no label leads to block ${node}`);
  }
}

const headsOf = (items: readonly Item[]): number[] =>
  items.flatMap((item) => (item.kind === 'loop' ? [item.head, ...headsOf(item.body)] : []));

const holds = (item: Item, node: number): boolean =>
  item.kind === 'block' ? item.node === node : item.nodes.has(node);
