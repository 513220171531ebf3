import { expect, onTestFinished, test, vi } from 'vitest'
import { isNestedDeeper } from '../../../src/server/http/json-depth.ts'
import { adminCall, refusal, startServer } from '../support.ts'

test.each([
  ['JSON that opens a million lists', 'application/json', '['.repeat(1_000_000)],
  ['JSON whose member opens many objects', 'application/json', `{"message":${'{"a":'.repeat(150_000)}`],
  [
    'a form whose card opens a million lists',
    'application/x-www-form-urlencoded',
    `message=a&card=${'['.repeat(1_000_000)}`,
  ],
])('%s is refused before it is parsed', async (_, type, body) => {
  const server = await startServer()
  const parse = vi.spyOn(JSON, 'parse')
  onTestFinished(() => parse.mockRestore())
  const answer = await adminCall(server, 'POST', '/room/Lobby/notification', {
    body,
    headers: { 'content-type': type },
  })
  expect(refusal(answer)).toEqual([400, 'The body is nested more than 32 levels deep'])
  expect(parse.mock.calls.every(([text]) => text.length < 100_000)).toBe(true)
})

test('brackets within strings are not nested, however they are escaped', () => {
  const text = JSON.stringify({ a: '[[[[\\"[[[["]]', b: ['\\', '{{{{'] })
  expect([isNestedDeeper(text, 2), isNestedDeeper(text, 1)]).toEqual([false, true])
})
