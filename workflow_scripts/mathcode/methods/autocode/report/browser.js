// AutoCode's part of the page of responses: four pieces of its script, each below the line that names it (`responses`).
// An item holds what `responses` gave for it, and an answer for each mode.
//
// The filters, by what they are called.
//: filters
  "auto wrong where code is right": item => wrong(item.auto) && right(item.code),
  "auto wrong where CoT is right": item => wrong(item.auto) && right(item.cot),
  "auto right where both dictated are wrong": item => right(item.auto) && wrong(item.cot) && wrong(item.code),
  "MisAlign: right, but by needless or lucky choice": item => item.alignment === "misaligned",
  "AllowCode: code where both are right": item => item.alignment === "allow_code",
  "first choice against the label": item => item.label !== undefined && item.auto[METHODOLOGY] !== item.label,
  "self-corrected: several attempts, right": item => item.auto[ATTEMPTS] > 1 && right(item.auto),
  "several attempts, still wrong": item => item.auto[ATTEMPTS] > 1 && wrong(item.auto),
  "auto ran code": item => item.auto[RAN],
  "a program of auto failed": item => failed(item.auto),
  "auto gave no answer": item => item.auto[OUTCOME] === "no_answer",
// What is said of an item in the list.
//: mark
`  chose ${item.auto[METHODOLOGY]}`
// What is said of an item above its answers.
//: facts
    if (item.n_cot !== undefined && item.right_cot !== undefined)
      add("sampled, right", `CoT ${item.right_cot} of ${item.n_cot}, code ${item.right_code} of ${item.n_code}`);
    if (item.prior_code !== undefined) add("prior p(code|x)", item.prior_code);
    if (item.q_cot !== undefined) add("Q(x, CoT)", `${item.q_cot} over ${item.n_cot} rollouts`);
    if (item.q_code !== undefined) add("Q(x, code)", `${item.q_code} over ${item.n_code} rollouts`);
    if (item.s_code !== undefined) add("reference strategy s*(code|x)", item.s_code + (item.tie ? " (a tie)" : ""));
    if (item.label !== undefined) add("label", item.label);
    if (item.alignment !== undefined) add("alignment", item.alignment);
// What stands first in the list: nothing does.
//: order
item => 0
