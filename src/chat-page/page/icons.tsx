const paths = {
  hash: 'M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.5 5.5h11M2 10.5h11',
  lock: 'M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5',
  plus: 'M8 3v10M3 8h10',
  dots: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  send: 'M2.5 8 13.5 3 10 13.5 7.5 9z M7.5 9l6-6',
  smile: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6 6.5h.01M10 6.5h.01M5.5 9.5q2.5 2.5 5 0',
  clip: 'M12.5 7.5 8 12a3 3 0 0 1-4.2-4.2l5-5a2 2 0 0 1 2.8 2.8l-5 5a1 1 0 0 1-1.4-1.4L9.5 5',
  people:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.5 13c.3-2.7 2-4 4.5-4s4.2 1.3 4.5 4M10.5 3.2a2.2 2.2 0 0 1 0 4.1M11.5 9.2c1.8.3 2.8 1.6 3 3.8',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5 13.5 13.5',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z',
  screen: 'M2 3h12v8H2zM6 13.5h4',
  puzzle: 'M3 6h3a1.5 1.5 0 1 1 3 0h3.5v3a1.5 1.5 0 1 1 0 3V13.5H3z',
  key: 'M5.5 10.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4zM8 8h6v2.5M11.5 8v2',
  pulse: 'M1.5 8.5h3L6 4l3 8.5 2-4h3.5',
  exit: 'M9.5 2.5H3v11h6.5M6.5 8h7.5M11.5 5.5 14 8l-2.5 2.5',
  down: 'M8 3v10M4 9l4 4 4-4',
  chevron: 'M6 4l4 4-4 4',
  reply: 'M6.5 4 2.5 8l4 4M2.5 8h7c2.5 0 4 1.5 4 4.5',
  side: 'M2 3h12v10H2zM10 3v10',
  menu: 'M2.5 4h11M2.5 8h11M2.5 12h11',
  bell: 'M4 11V7a4 4 0 0 1 8 0v4l1 1H3zM6.8 14h2.4',
  edit: 'M3 13l.6-2.6L10.8 3.2l2 2L5.6 12.4z',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
} as const

/** The drawings that {@link Icon} has. */
export type IconName = keyof typeof paths

/** A small decorative drawing: the element that contains it has the accessible name. */
export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}
