-- A backoff that is one duration
playbook {
  name = "duration-backoff", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = retry({ times = 3, backoff = "10s" }, function() return need(zone.mx(p.domain)) end) -- expect: bad-duration @ "10s"
  finish("done", r.why)
end
