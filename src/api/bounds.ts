/**
 * Bounds of texts and lists for which HipChat published none; what it did publish stands in the schemas themselves. Each is far
 * above what published add-ons, clients and recorded requests hold, and keeps the work that one request can ask for small.
 *
 * They are for what somebody asks for. Answers and deliveries are read as they are, and have a bound as a whole: of bytes.
 */
export const longest = {
  /** Addresses of web pages, callbacks and files. */
  address: 2_048,
  /** The address of an icon, which may be a small picture itself (`data:`). */
  icon: 8_192,
  /** HTML that HipChat set no length for; the same as for a message. */
  markup: 10_000,
  /** A picture in base64: the largest body takes no more. */
  picture: 1_048_576,
  /** Ids, keys, and the names of things and people. */
  name: 255,
  /** A line for people, or a list in one text: a label, scopes, what to expand. */
  line: 1_000,
  /** What an add-on says about itself. */
  description: 10_000,
  /** Hashing takes longer for a longer one. */
  password: 1_000,
  /** Tokens and codes that were handed out. */
  token: 2_048,
  /** Names something that is looked up, and not found where there is nothing. */
  reference: 8_192,
  /** A date, a time zone. */
  word: 100,
} as const

/** How many entries a list may have. */
export const most = {
  /** Of each kind, in a descriptor. Every message is matched against the patterns of all webhooks. */
  modules: 100,
  conditions: 50,
  buttons: 20,
  /** There are fewer than fifty kinds. */
  scopes: 50,
  roles: 50,
  /** Addresses that a consent may lead to. */
  addresses: 50,
  /** New contents in one push. */
  glances: 100,
  /** Made through the API in one room, by all together: each is told of what happens there. */
  roomWebhooks: 500,
  /** Made by hand by one person for themselves, or by all for one room. */
  handmadeTokens: 100,
  /** Made by one person or add-on. */
  madeRooms: 1_000,
} as const

/** Characters that an object with free members may have, written as JSON. */
export const largest = {
  /** Metadata of cards and glances, parameters of conditions, options of targets. */
  metadata: 16_384,
  card: 65_536,
  glance: 32_768,
  /** What the placeholders in an address stand for: a message may be among it, with its card. */
  values: 131_072,
  descriptor: 262_144,
} as const
