import type { HipChatServer } from '../../../src/server/index.ts'
import { type Answered, call, startServer } from '../support.ts'

/** The mention names of the users of a large group. */
export const mentionNames = (count: number) => Array.from({ length: count }, (_, index) => `user${index}`)

const people = (count: number) =>
  mentionNames(count).map((mentionName, index) => ({ name: `Person ${index}`, mentionName }))

interface Group {
  readonly users: number
  readonly inside?: number
  readonly rooms?: number
  readonly privacy?: 'public' | 'private'
}

/** A server with a group of a size: people, a lobby with some of them in it, and other rooms. */
export const serverWith = ({ users, inside = 0, rooms = 0, privacy = 'public' }: Group) =>
  startServer({
    seed: {
      users: people(users),
      rooms: [
        { name: 'Lobby', privacy, participants: mentionNames(inside) },
        ...Array.from({ length: rooms }, (_, index) => ({ name: `Room ${String(index).padStart(4, '0')}` })),
      ],
    },
  })

/** A user on the chat page. */
export interface Visitor {
  readonly token: string
  /** Reads from a path below `/page`. */
  ask(path: string): Promise<Answered>
}

/** Opens the chat page as a user. */
export async function visit(server: HipChatServer, mentionName: string): Promise<Visitor> {
  const token = await server.createPageToken(mentionName)
  return { token, ask: (path) => call(server, 'GET', `${server.url}/page${path}`, { token }) }
}
