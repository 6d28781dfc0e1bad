-- Samples without a detect
playbook {
  name = "samples-alone", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
function main(p, samples)
  evidence("begun", samples.first.at)
  finish("done", p.domain .. samples.last.why) -- expect: no-samples @ samples
end
