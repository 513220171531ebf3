// Drawings of 16 by 16; the buttons that contain them say what they mean.

/** A cross. */
export const CloseIcon = () => (
  <svg class="module-drawing" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
    <path d="m4 4 8 8M12 4l-8 8" />
  </svg>
)

/** An arrow in a circle. */
export const ReloadIcon = () => (
  <svg class="module-drawing" width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5" />
  </svg>
)
