// Generated from the table of operations by test/structure/client-methods.test.ts.
import type { MethodOf, RoomMethodOf } from './method-types.ts'

/** The methods of a client, one for each operation of HipChat's REST API. */
export interface ClientMethods {
  /**
   * Get the capabilities document, which names the API and the token endpoint.
   *
   * `GET /capabilities`, without a scope.
   *
   * @returns An object with `key`, `name`, `description`, `connect_server_api_version`, `vendor`, `links`,
   * `capabilities`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getCapabilities: MethodOf<'getCapabilities'>
  /**
   * Get the JSON Schema for add-on descriptors.
   *
   * `GET /capabilities/addon/schema`, without a scope.
   *
   * - `draft`: `v2`, `v4`; JSON Schema draft of the answer; the compatible server has draft 7 only; optional
   *
   * @returns The answer as HipChat sent it.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAddonCapabilitiesSchema: MethodOf<'getAddonCapabilitiesSchema'>
  /**
   * Exchange credentials for an access token.
   *
   * `POST /oauth/token`, without a scope, for OAuth clients with id and secret.
   *
   * - `grant_type`: `client_credentials`, `authorization_code`, `password`, `refresh_token`, `personal`,
   *   `room_notification`
   * - `scope`: string; 0–1000 characters; scopes, separated by spaces; by default all that the client may have;
   *   optional
   * - `username`: string; 0–255 characters; optional
   * - `password`: string; 0–1000 characters; optional
   * - `code`: string; 0–2048 characters; optional
   * - `redirect_uri`: string; 0–2048 characters; optional
   * - `refresh_token`: string; 0–2048 characters; optional
   * - `room_id`: string; 0–255 characters; id or name of the room for a notification token; optional
   * - `user_id`: string; 0–255 characters; optional
   * - `group_id`: string; 0–255 characters; optional
   * - `client_name`: string; 0–255 characters; optional
   *
   * @returns An object with `access_token`, `token_type`, `expires_in`, `scope`, `group_id`, `group_name`,
   * `refresh_token`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly generateToken: MethodOf<'generateToken'>
  /**
   * Get the scopes, the room and the owner of the caller's own access token.
   *
   * `GET /oauth/token/{access_token}`, without a scope, for global installations, room installations, users,
   * personal tokens, room tokens.
   *
   * - `access_token`: string; 1–255 characters; the token the call is made with
   *
   * @returns An object with `access_token`, `expires_in`, `scopes`, `client`, `owner`, `owner_type`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getSession: MethodOf<'getSession'>
  /**
   * Revoke the caller's own access token.
   *
   * `DELETE /oauth/token/{access_token}`, without a scope, for global installations, room installations, users,
   * personal tokens, room tokens.
   *
   * - `access_token`: string; 1–255 characters; the token the call is made with
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteSession: MethodOf<'deleteSession'>
  /**
   * List the rooms of the group, without archived rooms by default.
   *
   * `GET /room`, with the scope `view_group` or `view_room`, for global installations, users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include-private`: boolean; default `false`; in HipChat the default was true: set it; optional
   * - `include-archived`: boolean; default `false`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRooms: MethodOf<'getAllRooms'>
  /**
   * Create a room.
   *
   * `POST /room`, with the scope `manage_rooms`, for global installations, users, personal tokens.
   *
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   * - `name`: string; 1–50 characters
   * - `topic`: string; 0–250 characters; optional
   * - `guest_access`: boolean; default `false`; optional
   * - `privacy`: `public`, `private`; default `public`; optional
   * - `owner_user_id`: string; 0–255 characters; id, email address or @mention name; by default the calling user;
   *   optional
   * - `delegate_admin_visibility`: boolean or null; optional
   *
   * @returns An object with `id`, `name`, `links`, `entity`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly createRoom: MethodOf<'createRoom'>
  /**
   * Get one room with all details.
   *
   * `GET /room/{id_or_name}`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns An object with `id`, `name`, `privacy`, `is_archived`, `version`, `links`, `xmpp_jid`, `topic`,
   * `created`, `last_active`, `is_guest_accessible`, `guest_access_url`, `delegate_admin_visibility`, `avatar_url`,
   * `owner`, `participants`, `statistics`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoom: MethodOf<'getRoom'>
  /**
   * Change a room; also archives and unarchives it. Absent members keep their values.
   *
   * `PUT /room/{id_or_name}`, with the scope `admin_room`, for global installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `name`: string; 1–50 characters; optional
   * - `topic`: string; 0–250 characters; optional
   * - `privacy`: `public`, `private`; optional
   * - `is_archived`: boolean; optional
   * - `is_guest_accessible`: boolean; optional
   * - `owner`: object; optional
   * - `delegate_admin_visibility`: boolean or null; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateRoom: MethodOf<'updateRoom'>
  /**
   * Delete a room and remove everybody from it.
   *
   * `DELETE /room/{id_or_name}`, with the scope `manage_rooms`, for global installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteRoom: MethodOf<'deleteRoom'>
  /**
   * Change the topic of a room. To read it, get the room.
   *
   * `PUT /room/{id_or_name}/topic`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `topic`: string; 0–250 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly setRoomTopic: MethodOf<'setRoomTopic'>
  /**
   * Get the number of messages in a room and the time of the last one.
   *
   * `GET /room/{id_or_name}/statistics`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   *
   * @returns An object with `messages_sent`, `last_active`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomStatistics: MethodOf<'getRoomStatistics'>
  /**
   * List the people who are in a room now.
   *
   * `GET /room/{id_or_name}/participant`, with the scope `view_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include-offline`: boolean; default `false`; also members who are not in the room; private rooms only;
   *   optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomParticipants: MethodOf<'getAllRoomParticipants'>
  /**
   * List the people who may enter a private room.
   *
   * `GET /room/{id_or_name}/member`, with the scope `view_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomMembers: MethodOf<'getAllRoomMembers'>
  /**
   * Add a member to a private room, or change a member’s roles.
   *
   * `PUT /room/{id_or_name}/member/{id_or_email}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `room_roles`: array; up to 50 items; default: `room_member` for a new member; the present roles for others;
   *   optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly addRoomMember: MethodOf<'addRoomMember'>
  /**
   * Remove a member from a private room. They leave the room if they are in it.
   *
   * `DELETE /room/{id_or_name}/member/{id_or_email}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly removeRoomMember: MethodOf<'removeRoomMember'>
  /**
   * Invite somebody to a public room, as the calling user.
   *
   * `POST /room/{id_or_name}/invite/{id_or_email}`, with the scope `admin_room`, for users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `reason`: string; 1–250 characters; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly inviteUserToRoom: MethodOf<'inviteUserToRoom'>
  /**
   * Get the address of a room’s picture.
   *
   * `GET /room/{id_or_name}/avatar`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   *
   * @returns The address that HipChat redirects to.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomAvatar: MethodOf<'getRoomAvatar'>
  /**
   * Set the picture of a room.
   *
   * `PUT /room/{id_or_name}/avatar`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `avatar`: string; 1–1048576 characters; JPEG, PNG or GIF in base64, or as a data: URL
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateRoomAvatar: MethodOf<'updateRoomAvatar'>
  /**
   * Remove the picture of a room.
   *
   * `DELETE /room/{id_or_name}/avatar`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteRoomAvatar: MethodOf<'deleteRoomAvatar'>
  /**
   * Post a notification into a room, optionally with a card.
   *
   * `POST /room/{id_or_name}/notification`, with the scope `send_notification`, for global installations, room
   * installations, users, personal tokens, room tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `message`: string; 1–10000 characters
   * - `from`: string; 0–64 characters; label next to the name of the sender; optional
   * - `message_format`: `html`, `text`; default `html`; optional
   * - `color`: `yellow`, `green`, `red`, `purple`, `gray`, `random`; default `yellow`; optional
   * - `notify`: boolean; default `false`; whether clients play a sound; optional
   * - `attach_to`: string; 0–36 characters; id of a message of the same room; optional
   * - `card`: object or null; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly sendRoomNotification: MethodOf<'sendRoomNotification'>
  /**
   * Post a message into a room as the calling user.
   *
   * `POST /room/{id_or_name}/message`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `message`: string; 1–10000 characters
   *
   * @returns An object with `id`, `timestamp`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly sendRoomMessage: MethodOf<'sendRoomMessage'>
  /**
   * List a room's newest messages, optionally from a known message on.
   *
   * `GET /room/{id_or_name}/history/latest`, with the scope `view_messages`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `not-before`: string; 0–8192 characters; id of a message; older messages are not returned; optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `items`, `startIndex`, `maxResults`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getLatestRoomHistory: MethodOf<'getLatestRoomHistory'>
  /**
   * List a room's messages up to a date, page by page.
   *
   * `GET /room/{id_or_name}/history`, with the scope `view_messages`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `date`: string; 0–100 characters; ISO 8601, UNIX seconds, or `recent` for the newest, which is the default;
   *   optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `reverse`: boolean; default `true`; oldest first within the page; optional
   * - `end-date`: string; 0–100 characters; earliest date; only if `date` is a date; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomHistory: MethodOf<'getRoomHistory'>
  /**
   * Get one message of a room. In the body of the answer it is the member `message`.
   *
   * `GET /room/{id_or_name}/history/{message_id}`, with the scope `view_messages`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `message_id`: string; 1–100 characters
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `id`, `date`, `from`, `message`, `type`, `mentions`, `color`, `message_format`, `file`,
   * `attach_to`, `card`, `message_links`, `notification_sender`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomMessage: MethodOf<'getRoomMessage'>
  /**
   * Reply to a message in a room as the calling user.
   *
   * `POST /room/{id_or_name}/reply`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `parentMessageId`: string; 1–100 characters; id of a message of the same room
   * - `message`: string; 1–10000 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly replyToRoomMessage: MethodOf<'replyToRoomMessage'>
  /**
   * Post a file into a room as the calling user.
   *
   * `POST /room/{id_or_name}/share/file`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `metadata`: object; `{ message? }`: text to post with the file; optional
   * - `file`: object; `{ name, type?, content }`: file name, media type, and the bytes as a Uint8Array
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly shareFileWithRoom: MethodOf<'shareFileWithRoom'>
  /**
   * Post a link into a room as the calling user.
   *
   * `POST /room/{id_or_name}/share/link`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `link`: string; 1–2048 characters; an absolute http or https address
   * - `message`: string; 1–10000 characters; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly shareLinkWithRoom: MethodOf<'shareLinkWithRoom'>
  /**
   * List the caller's webhooks on a room.
   *
   * `GET /room/{id_or_name}/webhook`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomWebhooks: MethodOf<'getAllRoomWebhooks'>
  /**
   * Register a webhook on a room. The server assigns its id.
   *
   * `POST /room/{id_or_name}/webhook`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `url`: string; 1–2048 characters
   * - `event`: `room_message`, `room_notification`, `room_enter`, `room_exit`, `room_topic_change`,
   *   `room_file_upload`, `room_archived`, `room_unarchived`, `room_created`, `room_deleted`
   * - `pattern`: string; 0–1000 characters; regular expression; message events only; optional
   * - `name`: string; 0–255 characters; optional
   * - `authentication`: `none`, `jwt`; default `jwt`; only `none` for a webhook created with a user’s token;
   *   optional
   * - `key`: string; 1–40 characters; optional
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly createRoomWebhook: MethodOf<'createRoomWebhook'>
  /**
   * Get one webhook by its id.
   *
   * `GET /room/{id_or_name}/webhook/{webhook_id}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `webhook_id`: string; 1–40 characters
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly getRoomWebhook: MethodOf<'getRoomWebhook'>
  /**
   * Remove a webhook by its id.
   *
   * `DELETE /room/{id_or_name}/webhook/{webhook_id}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `webhook_id`: string; 1–40 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly deleteRoomWebhook: MethodOf<'deleteRoomWebhook'>
  /**
   * Get the add-on's webhook with a key in a room.
   *
   * `GET /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations, room
   * installations.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomExtensionWebhook: MethodOf<'getRoomExtensionWebhook'>
  /**
   * Register a webhook on a room under a key. Replaces a webhook that has the key.
   *
   * `PUT /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations, room
   * installations.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   * - `url`: string; 1–2048 characters
   * - `event`: `room_message`, `room_notification`, `room_enter`, `room_exit`, `room_topic_change`,
   *   `room_file_upload`, `room_archived`, `room_unarchived`, `room_created`, `room_deleted`
   * - `pattern`: string; 0–1000 characters; regular expression; message events only; optional
   * - `name`: string; 0–255 characters; optional
   * - `authentication`: `none`, `jwt`; default `none`; optional
   *
   * @returns An object with `id`, `key`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly createRoomExtensionWebhook: MethodOf<'createRoomExtensionWebhook'>
  /**
   * Remove a webhook from a room by its key.
   *
   * `DELETE /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations,
   * room installations.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteRoomExtensionWebhook: MethodOf<'deleteRoomExtensionWebhook'>
  /**
   * Get the add-on's webhook with a key for all rooms.
   *
   * `GET /extension/webhook/{key}`, with the scope `admin_group`, for global installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getGlobalWebhook: MethodOf<'getGlobalWebhook'>
  /**
   * Register a webhook for all rooms under a key. Replaces a webhook that has the key.
   *
   * `PUT /extension/webhook/{key}`, with the scope `admin_group`, for global installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   * - `url`: string; 1–2048 characters
   * - `event`: `room_message`, `room_notification`, `room_enter`, `room_exit`, `room_topic_change`,
   *   `room_file_upload`, `room_archived`, `room_unarchived`, `room_created`, `room_deleted`
   * - `pattern`: string; 0–1000 characters; regular expression; message events only; optional
   * - `name`: string; 0–255 characters; optional
   * - `authentication`: `none`, `jwt`; default `none`; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly createGlobalWebhook: MethodOf<'createGlobalWebhook'>
  /**
   * Remove a webhook for all rooms by its key.
   *
   * `DELETE /extension/webhook/{key}`, with the scope `admin_group`, for global installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteGlobalWebhook: MethodOf<'deleteGlobalWebhook'>
  /**
   * List the users of the group.
   *
   * `GET /user`, with the scope `view_group`, for global installations, users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include-guests`: boolean; default `false`; optional
   * - `include-deleted`: boolean; default `false`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllUsers: MethodOf<'getAllUsers'>
  /**
   * Create a user, or restore a deleted user with the same email address.
   *
   * `POST /user`, with the scope `admin_group`, for global installations, users, personal tokens.
   *
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   * - `name`: string; 1–50 characters
   * - `email`: string; 3–254 characters
   * - `title`: string; 0–250 characters; optional
   * - `mention_name`: string; 1–50 characters; by default derived from the name; optional
   * - `is_group_admin`: boolean; default `false`; optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `password`: string; 1–1000 characters; neither blank nor with control characters; by default one is generated
   *   and returned, once; optional
   * - `roles`: array; up to 50 items; optional
   *
   * @returns An object with `id`, `links`, `entity`, `password`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly createUser: MethodOf<'createUser'>
  /**
   * Get one user with all details.
   *
   * `GET /user/{id_or_email}`, with the scope `view_group`, for global installations, users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns An object with `id`, `name`, `mention_name`, `version`, `email`, `title`, `presence`, `xmpp_jid`,
   * `is_group_admin`, `is_guest`, `is_deleted`, `timezone`, `created`, `last_active`, `photo_url`, `roles`,
   * `group`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getUser: MethodOf<'getUser'>
  /**
   * Change a user. Absent members keep their values.
   *
   * `PUT /user/{id_or_email}`, with the scope `admin_group`, for global installations, users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `name`: string; 1–50 characters; optional
   * - `title`: string; 0–250 characters; optional
   * - `mention_name`: string; 1–50 characters; optional
   * - `email`: string; 3–254 characters; optional
   * - `is_group_admin`: boolean; optional
   * - `timezone`: string; 0–100 characters; optional
   * - `password`: string; 0–1000 characters; neither blank nor with control characters; empty: the one there is;
   *   optional
   * - `roles`: array; up to 50 items; optional
   * - `presence`: object; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateUser: MethodOf<'updateUser'>
  /**
   * Deactivate a user. They stay visible with `include-deleted`.
   *
   * `DELETE /user/{id_or_email}`, with the scope `admin_group`, for global installations, users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteUser: MethodOf<'deleteUser'>
  /**
   * List the rooms that a user enters when they sign in.
   *
   * `GET /user/{id_or_email}/preference/auto-join`, with the scope `view_group`, for global installations, users,
   * personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAutoJoinRooms: MethodOf<'getAutoJoinRooms'>
  /**
   * Get the address of a user’s picture.
   *
   * `GET /user/{id_or_email}/photo/{size}`, with the scope `view_group`, for global installations, users, personal
   * tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `size`: `small`, `big`
   *
   * @returns The address that HipChat redirects to.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getUserPhoto: MethodOf<'getUserPhoto'>
  /**
   * Set the picture of a user.
   *
   * `PUT /user/{id_or_email}/photo`, with the scope `admin_group`, for global installations, users, personal
   * tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `photo`: string; 1–1048576 characters; JPEG, PNG or GIF in base64, or as a data: URL
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateUserPhoto: MethodOf<'updateUserPhoto'>
  /**
   * Remove the picture of a user.
   *
   * `DELETE /user/{id_or_email}/photo`, with the scope `admin_group`, for global installations, users, personal
   * tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteUserPhoto: MethodOf<'deleteUserPhoto'>
  /**
   * Invite somebody to the group, by email.
   *
   * `POST /invite/user`, with the scope `admin_group`, for global installations, users, personal tokens.
   *
   * - `email`: string; 3–254 characters
   * - `name`: string; 1–50 characters
   * - `title`: string; 0–250 characters; optional
   *
   * @returns The answer as HipChat sent it.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly inviteUserToGroup: MethodOf<'inviteUserToGroup'>
  /**
   * Get the group with all details.
   *
   * `GET /group/{group_id}`, with the scope `view_group`, for global installations, users, personal tokens.
   *
   * - `group_id`: string; 1–40 characters
   *
   * @returns An object with `id`, `name`, `subdomain`, `domain`, `created`, `avatar_url`, `owner`, `plan`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly viewGroup: MethodOf<'viewGroup'>
  /**
   * Get the number of users in the group.
   *
   * `GET /group/{group_id}/statistics`, with the scope `view_group`, for global installations, users, personal
   * tokens.
   *
   * - `group_id`: string; 1–40 characters
   *
   * @returns An object with `users`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getGroupStatistics: MethodOf<'getGroupStatistics'>
  /**
   * Get the address of the group’s picture.
   *
   * `GET /group/{group_id}/avatar`, with the scope `view_group`, for global installations, users, personal tokens.
   *
   * - `group_id`: string; 1–40 characters
   *
   * @returns The address that HipChat redirects to.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getGroupAvatar: MethodOf<'getGroupAvatar'>
  /**
   * Set the picture of the group.
   *
   * `PUT /group/{group_id}/avatar`, with the scope `admin_group`, for global installations, users, personal tokens.
   *
   * - `group_id`: string; 1–40 characters
   * - `avatar`: string; 1–1048576 characters; JPEG, PNG or GIF in base64, or as a data: URL
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateGroupAvatar: MethodOf<'updateGroupAvatar'>
  /**
   * Remove the picture of the group.
   *
   * `DELETE /group/{group_id}/avatar`, with the scope `admin_group`, for global installations, users, personal
   * tokens.
   *
   * - `group_id`: string; 1–40 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteGroupAvatar: MethodOf<'deleteGroupAvatar'>
  /**
   * Send a one-to-one message as the calling user.
   *
   * `POST /user/{id_or_email}/message`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `message`: string; 1–10000 characters
   * - `notify`: boolean; default `false`; optional
   * - `message_format`: `text`, `html`; default `html`; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly sendPrivateMessage: MethodOf<'sendPrivateMessage'>
  /**
   * List the messages between the calling user and another user up to a date, page by page.
   *
   * `GET /user/{id_or_email}/history`, with the scope `view_messages`, for users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `date`: string; 0–100 characters; ISO 8601, UNIX seconds, or `recent` for the newest, which is the default;
   *   optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `reverse`: boolean; default `true`; oldest first within the page; optional
   * - `end-date`: string; 0–100 characters; earliest date; only if `date` is a date; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly viewPrivatechatHistory: MethodOf<'viewPrivatechatHistory'>
  /**
   * List the newest one-to-one messages with a user, optionally from a known message on.
   *
   * `GET /user/{id_or_email}/history/latest`, with the scope `view_messages`, for users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `not-before`: string; 0–8192 characters; id of a message; older messages are not returned; optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `items`, `startIndex`, `maxResults`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly viewRecentPrivatechatHistory: MethodOf<'viewRecentPrivatechatHistory'>
  /**
   * Get one of the one-to-one messages with a user. In the body of the answer it is the member `message`.
   *
   * `GET /user/{id_or_email}/history/{message_id}`, with the scope `view_messages`, for global installations,
   * users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `message_id`: string; 1–100 characters
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `id`, `date`, `from`, `message`, `type`, `mentions`, `color`, `message_format`, `file`,
   * `attach_to`, `card`, `message_links`, `notification_sender`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getPrivatechatMessage: MethodOf<'getPrivatechatMessage'>
  /**
   * Send somebody a file as the calling user.
   *
   * `POST /user/{id_or_email}/share/file`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `metadata`: object; `{ message? }`: text to post with the file; optional
   * - `file`: object; `{ name, type?, content }`: file name, media type, and the bytes as a Uint8Array
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly shareFileWithUser: MethodOf<'shareFileWithUser'>
  /**
   * Send somebody a link as the calling user.
   *
   * `POST /user/{id_or_email}/share/link`, with the scope `send_message`, for users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `link`: string; 1–2048 characters; an absolute http or https address
   * - `message`: string; 1–10000 characters; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly shareLinkWithUser: MethodOf<'shareLinkWithUser'>
  /**
   * List the emoticons of the group.
   *
   * `GET /emoticon`, with the scope `view_group`, for global installations, room installations, users, personal
   * tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `type`: `group`, `global`, `all`; default `all`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllEmoticons: MethodOf<'getAllEmoticons'>
  /**
   * Get one emoticon, by its id or by its shortcut without the brackets.
   *
   * `GET /emoticon/{emoticon_id_or_shortcut}`, with the scope `view_group`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `emoticon_id_or_shortcut`: string; 1–100 characters
   *
   * @returns An object with `id`, `shortcut`, `url`, `type`, `width`, `height`, `audio`, `audio_path`, `creator`,
   * `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getEmoticon: MethodOf<'getEmoticon'>
  /**
   * Push new contents of glances to everybody in all rooms.
   *
   * `POST /addon/ui`, without a scope, for global installations.
   *
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly addonUiUpdate: MethodOf<'addonUiUpdate'>
  /**
   * Push new contents of glances to everybody in a room.
   *
   * `POST /addon/ui/room/{id_or_name}`, without a scope, for global installations, room installations.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly roomAddonUiUpdate: MethodOf<'roomAddonUiUpdate'>
  /**
   * Push new contents of glances to one user in one room.
   *
   * `POST /addon/ui/room/{id_or_name}/user/{id_or_email}`, without a scope, for global installations, room
   * installations.
   *
   * - `id_or_name`: string; 1–100 characters; room id or room name
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly userInRoomAddonUiUpdate: MethodOf<'userInRoomAddonUiUpdate'>
  /**
   * Push new contents of glances to one user in all rooms.
   *
   * `POST /addon/ui/user/{id_or_email}`, without a scope, for global installations.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly userAddonUiUpdate: MethodOf<'userAddonUiUpdate'>
  /**
   * Install an add-on from the address of its descriptor, for the group or in the room named.
   *
   * `POST /addon`, with the scope `admin_group` or `admin_room`, for users, personal tokens.
   *
   * - `url`: string; 1–65536 characters; http, https, or a data: URL holding the descriptor
   * - `room_id`: integer or string; optional
   * - `scopes`: array; up to 50 items; our extension: the approved scopes; a descriptor that asks for more is
   *   refused; optional
   * - `relay_state`: string; 0–2000 characters; our extension: passed to the add-on as relayState; optional
   *
   * @returns An object with `id`, `key`, `links`, `installed_url`, `warnings`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly installAddon: MethodOf<'installAddon'>
  /**
   * Remove one installation of an add-on.
   *
   * `DELETE /addon/{addon_key_or_id}/installable/{installable_id}`, with the scope `admin_group` or `admin_room`,
   * for users, personal tokens.
   *
   * - `addon_key_or_id`: string; 1–255 characters
   * - `installable_id`: string; 1–255 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly uninstallAddon: MethodOf<'uninstallAddon'>
  /**
   * Get the data of a new installation. It can be read once.
   *
   * `GET /addon/{addon_key_or_id}/installable/{token}`, without a scope.
   *
   * - `addon_key_or_id`: string; 1–255 characters
   * - `token`: string; 1–255 characters
   *
   * @returns An object with `oauthId`, `oauthSecret`, `capabilitiesUrl`, `groupId`, `roomId`, `relayState`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getIntegrationInstallableData: MethodOf<'getIntegrationInstallableData'>
  /**
   * List the active sessions. Users see only their own; administrators see everybody's.
   *
   * `GET /session`, with the scope `view_group`, for global installations, users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getActiveSessions: MethodOf<'getActiveSessions'>
}

/** The methods of a room, with `id_or_name` filled in. */
export interface RoomMethods {
  /**
   * Get one room with all details.
   *
   * `GET /room/{id_or_name}`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns An object with `id`, `name`, `privacy`, `is_archived`, `version`, `links`, `xmpp_jid`, `topic`,
   * `created`, `last_active`, `is_guest_accessible`, `guest_access_url`, `delegate_admin_visibility`, `avatar_url`,
   * `owner`, `participants`, `statistics`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoom: RoomMethodOf<'getRoom'>
  /**
   * Change the topic of a room. To read it, get the room.
   *
   * `PUT /room/{id_or_name}/topic`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `topic`: string; 0–250 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly setRoomTopic: RoomMethodOf<'setRoomTopic'>
  /**
   * Get the number of messages in a room and the time of the last one.
   *
   * `GET /room/{id_or_name}/statistics`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * @returns An object with `messages_sent`, `last_active`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomStatistics: RoomMethodOf<'getRoomStatistics'>
  /**
   * List the people who are in a room now.
   *
   * `GET /room/{id_or_name}/participant`, with the scope `view_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include-offline`: boolean; default `false`; also members who are not in the room; private rooms only;
   *   optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomParticipants: RoomMethodOf<'getAllRoomParticipants'>
  /**
   * List the people who may enter a private room.
   *
   * `GET /room/{id_or_name}/member`, with the scope `view_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomMembers: RoomMethodOf<'getAllRoomMembers'>
  /**
   * Add a member to a private room, or change a member’s roles.
   *
   * `PUT /room/{id_or_name}/member/{id_or_email}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `room_roles`: array; up to 50 items; default: `room_member` for a new member; the present roles for others;
   *   optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly addRoomMember: RoomMethodOf<'addRoomMember'>
  /**
   * Remove a member from a private room. They leave the room if they are in it.
   *
   * `DELETE /room/{id_or_name}/member/{id_or_email}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly removeRoomMember: RoomMethodOf<'removeRoomMember'>
  /**
   * Get the address of a room’s picture.
   *
   * `GET /room/{id_or_name}/avatar`, with the scope `view_group` or `view_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * @returns The address that HipChat redirects to.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomAvatar: RoomMethodOf<'getRoomAvatar'>
  /**
   * Set the picture of a room.
   *
   * `PUT /room/{id_or_name}/avatar`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `avatar`: string; 1–1048576 characters; JPEG, PNG or GIF in base64, or as a data: URL
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly updateRoomAvatar: RoomMethodOf<'updateRoomAvatar'>
  /**
   * Remove the picture of a room.
   *
   * `DELETE /room/{id_or_name}/avatar`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteRoomAvatar: RoomMethodOf<'deleteRoomAvatar'>
  /**
   * Post a notification into a room, optionally with a card.
   *
   * `POST /room/{id_or_name}/notification`, with the scope `send_notification`, for global installations, room
   * installations, users, personal tokens, room tokens.
   *
   * - `message`: string; 1–10000 characters
   * - `from`: string; 0–64 characters; label next to the name of the sender; optional
   * - `message_format`: `html`, `text`; default `html`; optional
   * - `color`: `yellow`, `green`, `red`, `purple`, `gray`, `random`; default `yellow`; optional
   * - `notify`: boolean; default `false`; whether clients play a sound; optional
   * - `attach_to`: string; 0–36 characters; id of a message of the same room; optional
   * - `card`: object or null; optional
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly sendRoomNotification: RoomMethodOf<'sendRoomNotification'>
  /**
   * List a room's newest messages, optionally from a known message on.
   *
   * `GET /room/{id_or_name}/history/latest`, with the scope `view_messages`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `not-before`: string; 0–8192 characters; id of a message; older messages are not returned; optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `items`, `startIndex`, `maxResults`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getLatestRoomHistory: RoomMethodOf<'getLatestRoomHistory'>
  /**
   * List a room's messages up to a date, page by page.
   *
   * `GET /room/{id_or_name}/history`, with the scope `view_messages`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `date`: string; 0–100 characters; ISO 8601, UNIX seconds, or `recent` for the newest, which is the default;
   *   optional
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   * - `reverse`: boolean; default `true`; oldest first within the page; optional
   * - `end-date`: string; 0–100 characters; earliest date; only if `date` is a date; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   * - `expand`: string; 0–1000 characters; names of the members to expand, separated by commas; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomHistory: RoomMethodOf<'getRoomHistory'>
  /**
   * Get one message of a room. In the body of the answer it is the member `message`.
   *
   * `GET /room/{id_or_name}/history/{message_id}`, with the scope `view_messages`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `message_id`: string; 1–100 characters
   * - `timezone`: string; 0–100 characters; default `UTC`; tz database name; optional
   * - `include_deleted`: boolean; default `true`; includes deleted messages, without their text; optional
   *
   * @returns An object with `id`, `date`, `from`, `message`, `type`, `mentions`, `color`, `message_format`, `file`,
   * `attach_to`, `card`, `message_links`, `notification_sender`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomMessage: RoomMethodOf<'getRoomMessage'>
  /**
   * List the caller's webhooks on a room.
   *
   * `GET /room/{id_or_name}/webhook`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `start-index`: integer; 0–∞; default `0`; optional
   * - `max-results`: integer; 0–1000; default `100`; optional
   *
   * @returns The items, page after page: read them with `for await`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getAllRoomWebhooks: RoomMethodOf<'getAllRoomWebhooks'>
  /**
   * Register a webhook on a room. The server assigns its id.
   *
   * `POST /room/{id_or_name}/webhook`, with the scope `admin_room`, for global installations, room installations,
   * users, personal tokens.
   *
   * - `url`: string; 1–2048 characters
   * - `event`: `room_message`, `room_notification`, `room_enter`, `room_exit`, `room_topic_change`,
   *   `room_file_upload`, `room_archived`, `room_unarchived`, `room_created`, `room_deleted`
   * - `pattern`: string; 0–1000 characters; regular expression; message events only; optional
   * - `name`: string; 0–255 characters; optional
   * - `authentication`: `none`, `jwt`; default `jwt`; only `none` for a webhook created with a user’s token;
   *   optional
   * - `key`: string; 1–40 characters; optional
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly createRoomWebhook: RoomMethodOf<'createRoomWebhook'>
  /**
   * Get one webhook by its id.
   *
   * `GET /room/{id_or_name}/webhook/{webhook_id}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `webhook_id`: string; 1–40 characters
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly getRoomWebhook: RoomMethodOf<'getRoomWebhook'>
  /**
   * Remove a webhook by its id.
   *
   * `DELETE /room/{id_or_name}/webhook/{webhook_id}`, with the scope `admin_room`, for global installations, room
   * installations, users, personal tokens.
   *
   * - `webhook_id`: string; 1–40 characters
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   * @deprecated HipChat recommends PUT, GET and DELETE on /room/{id_or_name}/extension/webhook/{key}.
   */
  readonly deleteRoomWebhook: RoomMethodOf<'deleteRoomWebhook'>
  /**
   * Get the add-on's webhook with a key in a room.
   *
   * `GET /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations, room
   * installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns An object with `id`, `key`, `name`, `url`, `event`, `pattern`, `authentication`, `created`, `room`,
   * `creator`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly getRoomExtensionWebhook: RoomMethodOf<'getRoomExtensionWebhook'>
  /**
   * Register a webhook on a room under a key. Replaces a webhook that has the key.
   *
   * `PUT /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations, room
   * installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   * - `url`: string; 1–2048 characters
   * - `event`: `room_message`, `room_notification`, `room_enter`, `room_exit`, `room_topic_change`,
   *   `room_file_upload`, `room_archived`, `room_unarchived`, `room_created`, `room_deleted`
   * - `pattern`: string; 0–1000 characters; regular expression; message events only; optional
   * - `name`: string; 0–255 characters; optional
   * - `authentication`: `none`, `jwt`; default `none`; optional
   *
   * @returns An object with `id`, `key`, `links`.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly createRoomExtensionWebhook: RoomMethodOf<'createRoomExtensionWebhook'>
  /**
   * Remove a webhook from a room by its key.
   *
   * `DELETE /room/{id_or_name}/extension/webhook/{key}`, with the scope `admin_room`, for global installations,
   * room installations.
   *
   * - `key`: string; 1–40 characters; key of the module, chosen by the add-on
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly deleteRoomExtensionWebhook: RoomMethodOf<'deleteRoomExtensionWebhook'>
  /**
   * Push new contents of glances to everybody in a room.
   *
   * `POST /addon/ui/room/{id_or_name}`, without a scope, for global installations, room installations.
   *
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly roomAddonUiUpdate: RoomMethodOf<'roomAddonUiUpdate'>
  /**
   * Push new contents of glances to one user in one room.
   *
   * `POST /addon/ui/room/{id_or_name}/user/{id_or_email}`, without a scope, for global installations, room
   * installations.
   *
   * - `id_or_email`: string; 1–100 characters; user id, email address or @mention name
   * - `glance`: array; up to 100 items
   *
   * @returns Nothing.
   * @throws ApiError if HipChat refuses the call; RateLimitError, AccessTokenError or NetworkError if it cannot be
   * made.
   */
  readonly userInRoomAddonUiUpdate: RoomMethodOf<'userInRoomAddonUiUpdate'>
}
