import { describe, expect, it } from 'vitest'
import { deliveryBody, type EventName, eventNames } from '../../src/api/events.ts'
import { fault, list, read } from './fixtures.ts'

describe('deliveries', () => {
  it.each(list('webhooks/'))('%s is accepted', (name) => {
    const event = name.split('.')[0] as EventName // files are named after their event
    expect(fault(deliveryBody(event), read(`webhooks/${name}`))).toBeUndefined()
  })

  it('exist for each of the ten events', () => {
    const covered = new Set(list('webhooks/').map((name) => name.split('.')[0]))
    expect([...covered].sort()).toEqual([...eventNames].sort())
  })

  it('without a room are refused by name', () => {
    expect(fault(deliveryBody('room_enter'), { item: { sender: null } })).toBe('item.room is missing')
  })
})
