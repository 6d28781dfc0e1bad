-- No attempt at all
playbook {
  name = "retry-none", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p)
  local r = retry({ times = 0 }, function() return need(zone.mx(p.domain)) end) -- expect: bad-argument @ 0
  finish("done", r.why)
end
