// SIaM's part of the page of responses: four pieces of its script, each below the line that names it (`responses`).
// An item holds what `responses` gave for it (by judge: verdict_NAME; score, disagreements), and its answer.
//
// The filters, by what they are called.
//: filters
  "judges disagree": item => item.disagreements > 0,
  "right, and the strict rule refuses": item => right(item.code) && item.verdict_exact === "wrong",
  "wrong, and a judge accepts": item => wrong(item.code) && item.accepted_by !== undefined,
  "right, and the critic refuses": item => right(item.code) && item.critic_refuses,
  "wrong": item => wrong(item.code),
  "a program failed": item => failed(item.code),
  "no answer": item => item.code[OUTCOME] === "no_answer",
// What is said of an item in the list.
//: mark
(item.disagreements ? `  judges disagree (${item.part})` : `  ${item.part}`)
// What is said of an item above its answers.
//: facts
    add("part", item.part);
    if (item.type !== undefined) add("family of questions", item.type);
    Object.entries(item).filter(([name]) => name.startsWith("verdict_")).forEach(([name, outcome]) => add(name.replace("verdict_", "judge "), outcome));
    if (item.score !== undefined) add("score of the critic, P(YES)", item.score);
// What stands first in the list: what judges disagree on.
//: order
item => item.disagreements
