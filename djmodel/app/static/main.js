/** Wires the parts of the page together. `page` holds them, for tests and for the console. */

import { AudioClock } from "./audio/clock.js";
import { Instruments } from "./audio/instruments.js";
import { Mixer } from "./audio/mixer.js";
import { Archive } from "./core/archive.js";
import { Server, ServerGone } from "./core/server.js";
import { Session } from "./core/session.js";
import { Settings } from "./core/settings.js";
import { Tabs } from "./core/tabs.js";
import { ended } from "./play/notes.js";
import { Player } from "./play/player.js";
import { Recorder } from "./play/recorder.js";
import { ChorusSource } from "./play/source.js";
import { Trader } from "./play/trader.js";
import { connectFiles, connectKeys } from "./views/gestures.js";
import { Controls } from "./views/controls.js";
import { ChartEditor } from "./views/chart_editor.js";
import { byId } from "./views/dom.js";
import { KeepView } from "./views/keep_view.js";
import { described, hush, say, solved, warn } from "./views/messages.js";
import { drawMixer } from "./views/mixer_view.js";
import { MusicView } from "./views/music_view.js";
import { TradeView } from "./views/trade_view.js";
import { TransportView } from "./views/transport_view.js";

const settings = new Settings();
settings.restoreKept();
const server = new Server();
const archive = new Archive();
const session = new Session(archive);
const clock = new AudioClock();
const instruments = new Instruments("/soundfont");
const mixer = new Mixer(settings.get("mixer"));
const source = new ChorusSource(server, settings);
const player = new Player(clock, source, settings);
const recorder = new Recorder(placeOf);
const trader = new Trader(player, server, recorder, settings);
const tabs = new Tabs(() => {
  if (player.state !== "playing") return;
  player.pause();
  warn("tabs", "Paused: another tab of this page plays.");
});

const editor = new ChartEditor(server, settings);
const controls = new Controls(settings, server);
const keep = new KeepView(session, archive, server, settings);
const transport = new TransportView(player, trader);
const trade = new TradeView({ clock, ready, settings, mixer, player, trader, recorder });
const music = new MusicView({ server, player, trader, recorder, transport, trade });

export const page = {
  settings, server, session, clock, instruments, mixer, source, player, recorder, trader, editor,
};

/** The quarter that was heard at a time, less the latency of the instrument; null if none plays. */
function placeOf(milliseconds) {
  if (player.state !== "playing" || !player.timeline.last) return null;
  return player.timeline.quarter(player.transport.at(milliseconds) - settings.get("latency"));
}

let waking = null;

/** Wakes the audio clock and the instruments; to be called from a gesture. */
async function ready() {
  const context = await clock.start();
  waking ??= instruments.connect(context).then((problem) => {
    if (problem) {
      warn("soundfont", `The SoundFont cannot be used (${problem}): a plain synthesizer plays.`);
    }
    connectSynth(instruments.synth);
  });
  await waking;
}

function connectSynth(synth) {
  for (const each of [mixer, player, trader, trade]) each.connect(synth);
  recorder.synth = synth;
}

const SLOW = 1000; // milliseconds of a start after which the page says what it waits for
const ON_ITS_WAY = "The first chorus is on its way …";

/** Plays the chart of the editor, unless it has a mistake; with `script`, choruses again. */
async function start(script = []) {
  if (player.state !== "stopped") player.stop();
  const waiting = setTimeout(() => say(ON_ITS_WAY, { stays: true }), SLOW);
  try {
    const woken = ready(); // while browsers take this for the answer to a gesture
    const mistake = script.length ? null : await editor.mistake();
    if (mistake) {
      editor.goToMistake();
      say(`Not played, for there is a mistake in the chart. ${described(mistake)}`);
      return;
    }
    await woken;
    recorder.clear();
    await player.start(script);
    tabs.play();
  } catch (problem) {
    const message = problem instanceof ServerGone ? gone() : described(problem);
    warn("start", `Nothing can be played: ${message}`);
  } finally {
    clearTimeout(waiting);
    hush(ON_ITS_WAY);
  }
}

async function playOrPause() {
  if (player.state === "stopped") await start();
  else if (player.state === "playing") player.pause();
  else if (player.state === "paused") {
    await clock.start();
    player.resume();
    tabs.play();
  }
}

/** What to do when the server is gone; another one is found at the same port. */
function gone() {
  const port = location.port === "8000" ? "" : ` --port ${location.port}`;
  return `the server does not answer. Start it again: djmodel play${port}.`;
}

byId("play").addEventListener("click", playOrPause);
byId("stop").addEventListener("click", () => player.stop());
connectKeys({ playOrPause });
connectFiles({
  model: (file) => controls.openModel(file),
  session: (file) => keep.open(file),
  tune: (file) => editor.open(file),
  soundfont: openSoundfont,
  link: (text) => /irealb/i.test(text) && editor.show(text),
});
byId("soundfont").addEventListener("change", ({ target }) => {
  if (target.files.length) openSoundfont(target.files[0]);
  target.value = "";
});

async function openSoundfont(file) {
  await ready();
  say(`Reading ${file.name} …`, { stays: true });
  try {
    const { soundfont } = await server.addSoundfont(file);
    connectSynth(await instruments.load(await file.arrayBuffer()));
    session.soundfont = soundfont;
    byId("instruments").textContent = file.name;
    say(`The instruments are those of ${file.name}.`);
  } catch (problem) {
    say("");
    warn("soundfont", `${file.name}: ${described(problem)} The instruments stay as they were.`);
  }
}

player.addEventListener("state", () => {
  mixer.silence(player.state !== "playing");
  if (player.state === "playing") for (const each of ["start", "tabs"]) solved(each);
});
player.addEventListener("chorus", ({ detail: chorus }) => {
  const { request, mode, melody } = chorus;
  // What is played again is in the session already.
  if (!source.replays) chorus.index = session.add({ ...request, melody: mode === "trade" ? [] : melody });
  byId("next").textContent = `Chorus ${chorus.number} has the seed ${request.settings.seed}.`;
});
trader.addEventListener("finished", ({ detail: { turn, notes } }) => {
  if (!notes.length) return;
  const { by, bar, bars, seed = 0, chorus } = turn;
  const melody = (by === "you" ? turn.understood : turn.answer)?.melody ?? [];
  session.addTrade(chorus.index, { by, bar, bars, seed, melody, notes: notes.map(ended) });
});
trader.addEventListener("transcribed", ({ detail: { chorus, bar, understood } }) => {
  session.setMelody(chorus.index, bar, understood.melody);
});
for (const each of [player, trader]) {
  each.addEventListener("refused", ({ detail: problem }) => {
    if (!(problem instanceof ServerGone)) warn("refused", described(problem));
  });
}
player.addEventListener("repeating", () => {
  if (server.reachable) say("No new chorus came in time: an earlier one is repeated.");
});
trader.addEventListener("late", () => {
  if (server.reachable) say("The answer comes late: the machine is busy.");
});
clock.addEventListener("stopped", () => {
  if (player.state !== "playing") return;
  say("The sound was interrupted.", { stays: true });
  clock.addEventListener("woken", () => say(""), { once: true });
});
server.addEventListener("gone", () => {
  warn("server", `${gone().replace(/^t/, "T")} What is here goes on, and what you played is kept.`);
});
server.addEventListener("back", async () => {
  for (const each of ["server", "start"]) solved(each);
  say("The server answers again.");
  await offer();
  await editor.read({ keepsTempo: true }); // what was typed meanwhile
});
settings.addEventListener("change", ({ detail: names }) => {
  const isLater = names.some((name) => !["loop", "repeat", "choruses", "mixer", "latency", "octave", "letters", "seed"].includes(name));
  if (player.state === "playing" && isLater) say("From the next chorus on.");
});
editor.addEventListener("chart", ({ detail: chart }) => {
  music.chart(chart);
  controls.chart(chart);
});
editor.addEventListener("mistakes", ({ detail: mistakes }) => transport.showMistake(mistakes[0]));
byId("mistake").addEventListener("click", () => editor.goToMistake());
keep.addEventListener("restored", async ({ detail: values }) => {
  settings.restore(values);
  Object.assign(mixer.strips, settings.get("mixer"));
  mixer.apply();
  showMixer();
  await editor.show(settings.get("changes"), { meter: settings.get("meter"), keepsTempo: true });
});
keep.addEventListener("replay", () => start(session.choruses));

function showMixer() {
  drawMixer(byId("mixer"), mixer, () => settings.set({ mixer: structuredClone(mixer.strips) }));
}

async function offer() {
  try {
    const models = await server.models();
    controls.offer(models);
    editor.offer(models.forms);
    for (const { name, message } of models.skipped ?? []) warn(`model ${name}`, `${name}: ${message}.`);
    return models;
  } catch (problem) {
    if (!(problem instanceof ServerGone)) warn("models", described(problem));
    return {};
  }
}

/** Opens with what the server was started with; if that is what it was started with the last time,
 * with what the user has made of it since. */
async function open() {
  const { start = {}, default: model } = await offer();
  if (settings.isNewStart({ ...start, model })) {
    settings.restore({ ...start.settings, model, player: null });
    await editor.show(start.changes ?? settings.get("changes"));
  } else await editor.read({ keepsTempo: true });
  await keep.openLink();
  document.documentElement.dataset.ready = "yes";
}

showMixer();
await open();
