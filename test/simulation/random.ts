/** Random choices that depend on a seed alone. */
export interface Random {
  /** True with this probability. */
  chance(probability: number): boolean
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  one<T>(list: readonly [T, ...T[]]): T
}

/** Creates the choices of a seed, with the generator mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number): number => least + Math.floor(next() * (most - least + 1))
  return {
    chance: (probability) => next() < probability,
    between,
    one: ([first, ...others]) => [first, ...others][between(0, others.length)] ?? first,
  }
}
