/**
 * Limits for strings and lists for which HipChat published none; the published limits are in the schemas themselves. Each
 * is far above what published add-ons, clients and recorded requests contain, and limits the work of one request.
 *
 * They apply to requests only. Answers and deliveries are limited in bytes as a whole.
 */

/** The most characters of a string. */
export const longest = {
  /** Addresses of web pages, callbacks and files. */
  address: 2_048,
  /** The address of an icon, which may contain a small picture itself (`data:`). */
  icon: 8_192,
  /** HTML for which HipChat set no length; the same as for a message. */
  markup: 10_000,
  /** A picture in base64; the size limit of a body allows no more. */
  picture: 1_048_576,
  /** Ids, keys, and the names of things and people. */
  name: 255,
  /** A line for people, or a list in one string: a label, scopes, names to expand. */
  line: 1_000,
  /** The description of an add-on. */
  description: 10_000,
  /** Longer passwords take longer to hash. */
  password: 1_000,
  /** Issued tokens and codes. */
  token: 2_048,
  /** Names something that is looked up; a name that does not exist is simply not found. */
  reference: 8_192,
  /** A date, a time zone. */
  word: 100,
} as const

/** The most entries of a list. */
export const most = {
  /** Modules of each kind in a descriptor. Every message is matched against the patterns of all webhooks. */
  modules: 100,
  conditions: 50,
  buttons: 20,
  /** There are fewer than fifty kinds. */
  scopes: 50,
  roles: 50,
  /** Addresses to which a consent may redirect. */
  addresses: 50,
  /** New contents in one push. */
  glances: 100,
  /** Webhooks created through the API in one room, by all owners together. Each of them receives every event of the room. */
  roomWebhooks: 500,
  /** Made by hand by one person for themselves, or by all for one room. */
  handmadeTokens: 100,
  /** Made by one person or add-on. */
  madeRooms: 1_000,
} as const

/** The most characters of an object with free members, as JSON. */
export const largest = {
  /** Metadata of cards and glances, parameters of conditions, options of targets. */
  metadata: 16_384,
  card: 65_536,
  glance: 32_768,
  /** Values of the placeholders in an address; they may include a message with its card. */
  values: 131_072,
  descriptor: 262_144,
} as const
