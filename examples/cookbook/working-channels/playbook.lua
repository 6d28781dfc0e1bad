-- SPDX-License-Identifier: MIT
-- Tell people over what still works. Which contact point is taken is muster.lua's; what happens when none is, is yours.
playbook {
  name = "working-channels", version = "1.0.0", owner = "ops",
  summary = "Tell customers that mail is late; if they can't be told, tell those who can.",
  may_change = { "notify" },
  params = { domain = param.domain "Whose mail is late: no e-mail about it goes through it" },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "Tell customers"
  local told, trouble = pcall(notify, "customers", "mail-late", { domain = p.domain })
  if told then finish("told") end

  step "Tell those who can be told"                     -- one audience that can't be reached must not end the run
  finding("high", "customers", "were not told: " .. tostring(trouble.why or trouble))
  notify("team", "customers-not-told", { domain = p.domain, why = tostring(trouble.why or trouble) })
  finish("told_the_team", "customers were not told")
end
