/** Reviews to begin with, and what each means to say. The first is the one that a well-known guide to LSTMs is told with. */

const SLOW = `It looks wonderful and the cast is gifted. But the story is a mess, the jokes fall flat, and by the second \
hour I no longer cared who lived.`;

const LONG = `I went in with no hope at all. The trailer was loud, the poster was ugly, and the director’s last film was \
one of the worst I have sat through in years. For twenty minutes it looked as if I had been right: the dialogue is stiff, \
the music never stops, and a car chase that should be thrilling is cut to pieces until you cannot tell who is following \
whom.

Then something happens. The hero’s sister comes home, the camera slows down, and two fine actors are left alone in a \
kitchen with nothing to do but talk. It is a beautiful scene: funny, sad and completely honest, and from there on the \
film is hers. Every look between them matters. A lesser script would have explained their quarrel; this one trusts us, \
and the silence says more than a speech could.

I wish I could say that the rest is as good. The villain is dull, the subplot about the stolen painting goes nowhere, \
and the last act falls back on explosions that nobody asked for. Still, I left the cinema moved, and I keep thinking of \
that kitchen. Not a great film, and far from a perfect one, but a warm and surprising one with a wonderful performance \
at its heart. See it for her.`;

const CEREAL = `Amazing! This box of cereal gave me a perfectly balanced breakfast, as all things should be. I only ate \
half of it but will definitely be buying again!`;

const WARM = `Amazing from the first scene to the last. The plot takes its time, and I was ready to be bored, but the two \
leads are so warm and funny together that I forgot to check my watch.`;

export const EXAMPLES = [
  { name: "a box of cereal", text: CEREAL, means: "fresh" },
  { name: "won over", text: WARM, means: "fresh" },
  { name: "let down", text: SLOW, means: "rotten" },
  { name: "not bad", text: "Not bad at all. I expected a dull sequel and found a clever, tender film.", means: "fresh" },
  { name: "not good", text: "The cast is good and the songs are fine, but the film is not good.", means: "rotten" },
  { name: "a long one", text: LONG, means: "fresh" },
];
