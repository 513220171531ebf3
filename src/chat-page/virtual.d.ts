declare module 'virtual:calls' {
  type Call = readonly [
    method: string,
    path: string,
    body: 'json' | 'form' | 'multipart/related' | 'text' | null,
    query: readonly string[],
    /** The member of the answer that contains the result. */
    member: string | null,
  ]
  /** By the id of the operation. */
  export const calls: Readonly<Record<string, Call>>
}
