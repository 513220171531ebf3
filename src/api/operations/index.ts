import type { Operation } from '../operation.ts'
import { getIntegrationInstallableData, installAddon, uninstallAddon } from './addons.ts'
import { getCapabilities } from './capabilities.ts'
import { getAllEmoticons, getEmoticon } from './emoticons.ts'
import {
  getLatestRoomHistory,
  getRoomHistory,
  sendPrivateMessage,
  sendRoomMessage,
  sendRoomNotification,
} from './messages.ts'
import { generateToken } from './oauth.ts'
import { createRoom, deleteRoom, getAllRooms, getRoom, updateRoom } from './rooms.ts'
import { getActiveSessions } from './sessions.ts'
import { deleteUser, getAllUsers, getUser, updateUser } from './users.ts'
import { createRoomWebhook, deleteRoomWebhook, getAllRoomWebhooks, getRoomWebhook } from './webhooks.ts'

/** Every operation by its documented id. Literal path segments come before parameters where both would fit. */
export const operations = {
  getCapabilities,
  generateToken,
  getAllRooms,
  createRoom,
  getRoom,
  updateRoom,
  deleteRoom,
  sendRoomNotification,
  sendRoomMessage,
  getLatestRoomHistory,
  getRoomHistory,
  getAllRoomWebhooks,
  createRoomWebhook,
  getRoomWebhook,
  deleteRoomWebhook,
  getAllUsers,
  getUser,
  updateUser,
  deleteUser,
  sendPrivateMessage,
  getAllEmoticons,
  getEmoticon,
  installAddon,
  uninstallAddon,
  getIntegrationInstallableData,
  getActiveSessions,
} as const satisfies Record<string, Operation>

export type Operations = typeof operations
export type OperationId = keyof Operations
