import { createScript } from './script.ts'

/** What the names of a queue's keys end with, in the order in which all of its scripts get them. */
export const queueKeys = ['about', 'work', 'waiting', 'running', 'given-up', 'groups', 'taken'] as const

/**
 * Works of a queue are in two hashes by id: `about` has all but the work itself, as JSON. The other keys are sorted sets whose
 * members all have the score 0, so that they are in the order of their bytes:
 *
 * - one for each state, with the time in 16 digits, then the id;
 * - `groups`, with the length of the group, then the group, then the id;
 * - `taken`, with `<store>:<number of its call of take>:`, then the id, of running work.
 *
 * Redis removes a key with its last member.
 */
const common = String.raw`
local about, works, waiting, running, givenUp, groups, taken = unpack(KEYS)
local byState = { waiting = waiting, running = running, ['given up'] = givenUp }

local function read(id)
  local found = redis.call('HGET', about, id)
  return found and cjson.decode(found)
end

-- The length keeps apart groups of which one begins with the other.
local function inGroup(group) return #group .. ':' .. group end

-- All members that begin so: UTF-8 has no byte 255.
local function from(beginning) return '[' .. beginning, '(' .. beginning .. '\255' end

local function place(id, entry)
  redis.call('HSET', about, id, cjson.encode(entry))
  redis.call('ZADD', byState[entry.state], 0, entry.due .. id)
  redis.call('ZADD', groups, 0, inGroup(entry.group) .. id)
  if entry.taker then redis.call('ZADD', taken, 0, entry.taker .. ':' .. id) end
end

local function displace(id, entry)
  redis.call('ZREM', byState[entry.state], entry.due .. id)
  redis.call('ZREM', groups, inGroup(entry.group) .. id)
  if entry.taker then redis.call('ZREM', taken, entry.taker .. ':' .. id) end
end

local function forget(id, entry)
  displace(id, entry)
  redis.call('HDEL', about, id)
  redis.call('HDEL', works, id)
end

local function shown(id, entry) return { id, cjson.encode(entry), redis.call('HGET', works, id) } end
`

const script = (text: string) => createScript(common + text)

/** The scripts of a queue. Times are texts of 16 digits. */
export const queueScripts = {
  /** Arguments: id, about, work, limit, whether to replace (`1`). */
  add: script(`
local id, entry, work, limit = ARGV[1], cjson.decode(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local before = read(id)
if before and (before.state == 'running' or ARGV[5] ~= '1') then return 'exists' end
if not before and redis.call('ZLEXCOUNT', groups, from(inGroup(entry.group))) >= limit then return 'full' end
redis.call('HSET', works, id, work) -- first: a full Redis refuses the first write of a script only
if before then displace(id, before) end
place(id, entry)
return 'added'`),

  /**
   * Arguments: the time before which work is due, how much to take, the taker, the bytes after which the answer ends, how much
   * to forget at most.
   */
  take: script(`
local before, count, taker, longest = '(' .. ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
for _, member in ipairs(redis.call('ZRANGEBYLEX', givenUp, '-', before, 'LIMIT', 0, ARGV[5])) do
  local id = member:sub(17)
  forget(id, read(id))
end
local answer, length = {}, 0
for _, member in ipairs(redis.call('ZRANGEBYLEX', waiting, '-', before, 'LIMIT', 0, count)) do
  local id = member:sub(17)
  local entry = read(id)
  displace(id, entry)
  entry.state, entry.taker, entry.attempt = 'running', taker, entry.attempt + 1
  place(id, entry)
  local one = shown(id, entry)
  table.insert(answer, one)
  length = length + #one[3]
  if length >= longest then break end
end
return answer`),

  /** The takers of running work, each once: `<store>:<number>`. */
  takers: script(String.raw`
local found, start = {}, '-'
while true do
  local member = redis.call('ZRANGEBYLEX', taken, start, '+', 'LIMIT', 0, 1)[1]
  if not member then return found end
  local taker = member:match('^[^:]*:[^:]*')
  table.insert(found, taker)
  start = '(' .. taker .. ':\255'
end`),

  /** Arguments: how the takers whose work is given back begin, the crashes to add, the attempts to take off. */
  giveBack: script(`
for _, member in ipairs(redis.call('ZRANGEBYLEX', taken, from(ARGV[1]))) do
  local id = member:match('^[^:]*:[^:]*:(.*)$')
  local entry = read(id)
  displace(id, entry)
  entry.state, entry.taker = 'waiting', nil
  entry.crashes, entry.attempt = entry.crashes + ARGV[2], entry.attempt - ARGV[3]
  place(id, entry)
end`),

  /** Arguments: id, about, work, taker. */
  putBack: script(`
local id, work, taker = ARGV[1], ARGV[3], ARGV[4]
local before = read(id)
if not before or before.taker ~= taker then return 0 end
displace(id, before)
place(id, cjson.decode(ARGV[2]))
redis.call('HSET', works, id, work)
return 1`),

  /** Arguments: id, taker. */
  finish: script(`
local id, taker = ARGV[1], ARGV[2]
local entry = read(id)
if not entry or entry.taker ~= taker then return 0 end
forget(id, entry)
return 1`),

  /** Argument: id. */
  cancel: script(`
local id = ARGV[1]
local entry = read(id)
if not entry or entry.state == 'running' then return 0 end
forget(id, entry)
return 1`),

  /** Arguments: group, how much to remove at most. Answers how much it was. */
  removeGroup: script(`
local beginning = inGroup(ARGV[1])
local first, last = from(beginning)
local members = redis.call('ZRANGEBYLEX', groups, first, last, 'LIMIT', 0, ARGV[2])
for _, member in ipairs(members) do
  local id = member:sub(#beginning + 1)
  forget(id, read(id))
end
return #members`),

  /** Argument: id. */
  get: script(`
local entry = read(ARGV[1])
return entry and shown(ARGV[1], entry)`),

  /** Arguments: state, where to start, how much to list, the bytes after which the answer ends. */
  list: script(`
local answer, length = {}, 0
for _, member in ipairs(redis.call('ZRANGEBYLEX', byState[ARGV[1]], ARGV[2], '+', 'LIMIT', 0, ARGV[3])) do
  local id = member:sub(17)
  local one = shown(id, read(id))
  table.insert(answer, one)
  length = length + #one[3]
  if length >= tonumber(ARGV[4]) then break end
end
return answer`),

  /** Answers how much is waiting, running and given up, and when the first waiting work is due. */
  counts: script(`
local first = redis.call('ZRANGE', waiting, 0, 0)[1]
return {
  redis.call('ZCARD', waiting), redis.call('ZCARD', running), redis.call('ZCARD', givenUp),
  first and first:sub(1, 16)
}`),
} as const
