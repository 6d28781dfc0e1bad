-- A misspelt field of an answer
playbook {
  name = "field-answer", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local a = approve { "Move it?", by = "lead", deadline = "10m" }
  if not a.yess then finish(a.how, p.domain) end -- expect: unknown-field @ yess
  finish("done")
end
