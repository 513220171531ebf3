import type { Page } from '../api/objects.ts'
import type { Operation, Parameters, ReceivedResultOf } from '../api/operation.ts'
import type { OperationId, Operations } from '../api/operations/index.ts'
import type { Html } from '../common/html.ts'
import type { Simplify } from '../common/schema.ts'
import type { Collection } from './collection.ts'

/** Options of a single call. */
export interface CallOptions {
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal
}

type Result<O extends Operation> = O['paging'] extends 'offset'
  ? ReceivedResultOf<O> extends Page<infer Item>
    ? Collection<Item>
    : never
  : Promise<ReceivedResultOf<O>>

// A message may also be HTML made by the `html` tag.
type Given<P> = P extends { message: string } ? Simplify<Omit<P, 'message'> & { message: string | Html }> : P

type Method<P, R> =
  Record<never, never> extends P
    ? (parameters?: P, options?: CallOptions) => R
    : (parameters: Given<P>, options?: CallOptions) => R

/** The method of a client for an operation of the table. */
export type MethodOf<Id extends OperationId> = Method<Parameters<Operations[Id]>, Result<Operations[Id]>>

/** The same of a room: `id_or_name` is filled in. */
export type RoomMethodOf<Id extends OperationId> = Method<
  Simplify<Omit<Parameters<Operations[Id]>, 'id_or_name'>>,
  Result<Operations[Id]>
>
