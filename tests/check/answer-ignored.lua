-- An approval that decides nothing
playbook {
  name = "answer-ignored", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = { "zone.set_mx:{domain}" },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  approve { "Move it?", by = "lead", deadline = "10m" } -- expect: answer-ignored @ approve
  zone.set_mx(p.domain, { { preference = 10, host = "mx.example.net" } })
  finish("done")
end
