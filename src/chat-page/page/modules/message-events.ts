import { hear } from '../store.ts'
import { hint } from './bridge.ts'
import { parametersOf, senderInstallation } from './parameters.ts'

// The open frames of an add-on receive each message that it sent.
hear('message', ({ message }) => {
  const sender = senderInstallation(message)
  if (sender !== undefined) hint(sender, 'message-received', parametersOf(message), null)
})
