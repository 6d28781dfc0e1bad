-- A time-out in words
playbook {
  name = "argument-duration", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = smtp.probe(p.domain, { connect_timeout = "5 s" }) -- expect: bad-duration @ "5
  finish("done", r.why)
end
