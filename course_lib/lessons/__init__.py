"""All of a lesson that is not its notebook: experiments, trials, exercises, quiz. A folder a lesson."""
