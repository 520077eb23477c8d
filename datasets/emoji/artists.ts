/** The artists whose emoji make up the embedded data set; every test image is by one whom training never sees. */
export interface Artist {
  id: string
  title: string
  credit: string
  license: string
  url: string
  /** The npm package, with version, that the drawings were collected from. */
  source: string
  role: 'train' | 'test'
}

export const artists: Artist[] = [
  {
    id: 'noto',
    title: 'Noto Emoji',
    credit: 'Google Inc.',
    license: 'Apache-2.0',
    url: 'https://github.com/googlefonts/noto-emoji',
    source: '@iconify-json/noto@1.2.9',
    role: 'train',
  },
  {
    id: 'twemoji',
    title: 'Twemoji',
    credit: 'Twitter, Inc. and other contributors',
    license: 'CC-BY-4.0',
    url: 'https://github.com/jdecked/twemoji',
    source: '@iconify-json/twemoji@1.2.5',
    role: 'train',
  },
  {
    id: 'emojione',
    title: 'EmojiOne 2.3',
    credit: 'EmojiOne and the EmojiTwo contributors',
    license: 'CC-BY-4.0',
    url: 'https://github.com/EmojiTwo/emojitwo',
    source: '@iconify-json/emojione@1.2.3',
    role: 'train',
  },
  {
    id: 'fxemoji',
    title: 'Firefox OS Emoji',
    credit: 'Mozilla',
    license: 'Apache-2.0',
    url: 'https://github.com/mozilla/fxemoji',
    source: '@iconify-json/fxemoji@1.2.2',
    role: 'train',
  },
  {
    id: 'fluent-emoji-flat',
    title: 'Fluent Emoji Flat',
    credit: 'Microsoft Corporation',
    license: 'MIT',
    url: 'https://github.com/microsoft/fluentui-emoji',
    source: '@iconify-json/fluent-emoji-flat@1.2.6',
    role: 'test',
  },
]
