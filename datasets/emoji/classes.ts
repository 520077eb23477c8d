/**
 * Which emoji make up each class of the embedded data set. The characters are looked up by code point;
 * Firefox OS Emoji has no code points in its package, so its drawings are listed by their own names.
 *
 * Left out on purpose: emoji that show two classes at once (a cat's smiling face, a person in a boat), and
 * all that differ from another only in colour of skin.
 */
export interface EmojiClass {
  name: string
  emoji: string
  firefox: string
}

export const emojiClasses: EmojiClass[] = [
  {
    name: 'mammal',
    emoji:
      '🐒🦍🦧🐕🐩🐺🦊🦝🐈🦁🐯🐅🐆🐴🐎🦓🦌🦬🐮🐂🐃🐄🐷🐖🐗🐏🐑🐐🐪🐫🦙🦒🐘🦣🦏🦛🐭🐁🐀🐹🐰🐇🐿🦫🦔🦇🐻🐨🐼🦥🦦🦨🦘🦡🐶🐱🐵',
    firefox:
      'monkey dogside poodle catside tiger tigerside leopardside horse horseface boar pig pigside ox waterbuffalo cow cowface ram sheep goat bactriancamel dromedarycamel elephant mouse mouseside rat hampster bunny bunnyside chipmunk bear koala pandaface wolfface dog cat monkeyface',
  },
  {
    name: 'bird',
    emoji: '🦃🐔🐓🐣🐤🐥🐦🐧🕊🦅🦆🦢🦉🦤🦩🦚🦜🪿',
    firefox: 'chicken rooster hatchingchick babychick frontfacingchick bird penguin doveofpeace',
  },
  {
    name: 'sea animal',
    emoji: '🐳🐋🐬🦭🐟🐠🐡🦈🐙🪼🦀🦞🦐🦑🐚🐢',
    firefox: 'spurtingwhale whale dolphin fish tropicalfish blowfish octopus spiralshell turtle',
  },
  {
    name: 'plant',
    emoji: '💐🌸🪷🌹🥀🌺🌻🌼🌷🪻🌱🪴🌲🌳🌴🌵🌾🌿☘🍀🍁🍂🍃🎄🎋',
    firefox:
      'bouquet bouquetofflowers cherryblossom rose hibiscus sunflower blossom tulip seedling evergreen deciduoustree palmtree cactus earofrice herb fourleafclover mapleleaf fallingleaf leaffluttering christmastree tanabatatree',
  },
  {
    name: 'fruit',
    emoji: '🍇🍈🍉🍊🍋🍌🍍🥭🍎🍏🍐🍑🍒🍓🫐🥝🍅🫒🥥🥑🍆🌽🌶🫑🥒',
    firefox:
      'grapes melon watermelon tangerine lemon banana pineapple redapple greenapple pear peach cherries strawberry tomato aubergine earofmaize chilipepper',
  },
  {
    name: 'vehicle',
    emoji: '🚂🚃🚅🚆🚇🚈🚉🚊🚝🚞🚋🚌🚍🚎🚐🚑🚒🚓🚔🚕🚖🚗🚘🚙🛻🚚🚛🚜🏎🏍🛵🛺🚲✈🛩🚁🚀⛵🚤🛥🛶⛴🛳🚢',
    firefox:
      'steamlocomotive railwaycar highspeedtrain highspeedtrainbulletnose train metro lightrail tram monorail mountainrailway bus oncomingbus trolleybus minibus ambulance fireengine policecar oncomingpolicecar taxi oncomingtaxi automobile oncomingautomobile recreationalvehicle deliverytruck articulatedlorry tractor racecar motorcycle bicycle airplane helicopter rocket sailboat speedboat rowboat ship',
  },
  {
    name: 'building',
    emoji: '🏛🛖🏘🏚🏠🏡🏢🏣🏤🏥🏦🏨🏩🏪🏫🏬🏭🏯🏰💒🗼⛪🕌🛕🕍⛩🕋🏟🎪⛺',
    firefox:
      'classicalbuilding housebuildings housebuilding housewithgarden officebuilding japanesepostoffice europeanpostoffice hospital bank hotel lovehotel conveniencestore school departmentstore factory japanesecastle europeancastle wedding toykotower church stadium circustent tent',
  },
  {
    name: 'clothing',
    emoji: '👔👕👖🧣🧤🧥🧦👗👘🥻🩱🩲🩳👙👚👞👟🥾🥿👠👡👢👒🎩🎓🧢🥼🦺🎽',
    firefox:
      'tie mansshirt jeans dress kimono bikini womansshirt mensshoe mensrunner heels sandals boot womanshat tophat graduationcap runningshirt',
  },
  {
    name: 'face',
    emoji:
      '😀😃😄😁😆😅🤣😂🙂🙃🫠😉😊😇🥰😍🤩😘😗😚😙😋😛😜🤪😝🤑🤗🤭🤔🤐🤨😐😑😶😏😒🙄😬😌😔😪🤤😴😷🤒🤕🤢🤧😵🤯😎🤓🧐😕😟🙁😮😯😲😳🥺😦😧😨😰😥😢😭😱😖😣😞😓😩😫🥱😤😠😡😈',
    firefox:
      'angry anguish astonished coldsweat confounded confused crying disappointed dissapointedrelief dizzyface expressionless fearful flushed frownmouth grimacing grin grineyes grinsquint grinsweat grintears grinwide grinwideeyes halo hearteyes hushed kissclosedeyes kisseyes kissing kiss loudlycrying medicalmask neutral nomouth openmouth pensive perservere pouting relieved screamfear sleeping sleepy smallfrown smallsmile smileeyes smiletongue smirk sunglasses sweat tired tongueout tongueoutwink triumph unamused weary winking worried whitesmilingface devilhorns',
  },
  {
    name: 'hand',
    emoji: '👋🤚🖐✋🖖👌🤌🤏✌🤞🤟🤘🤙👈👉👆👇☝👍👎✊👊🤛🤜👏🙌🫶👐🤲🤝🙏✍💪',
    firefox:
      'aok clap fistedhand flexbicep hand high5 index left right up down raisedfist raisedhandpartfingers raisedhandsfingerssplayed thumbsdown thumbsup victoryhand waving leftwritinghand',
  },
]
