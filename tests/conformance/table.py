"""Every element of Twilio's, its attributes with their documented defaults, and what it holds (docs: voice/twiml).

A line is an element: its class, what its text is called (- for none), its attributes, and after the bar what stands
in it. A name alone has no documented default. Where a default is no value but a description it stands in `DESCRIBED`.
"""

from __future__ import annotations

from typing import NamedTuple

TABLE = """
Say text language=en-US loop=1 voice=man | SSML
Play url digits loop=1 |
Pause - length=1 |
Gather - action=? actionOnEmptyResult=false bargeIn=true debug enhanced=false finishOnKey=# hints input=dtmf language=en-US maxSpeechTime method=POST numDigits=? partialResultCallback partialResultCallbackMethod=POST profanityFilter=true speechModel=default speechTimeout=? timeout=5 | Say Pause Play
Record - action=? finishOnKey=1234567890*# maxLength=3600 method=POST playBeep=true recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent=completed recordingStatusCallbackMethod=POST timeout=5 transcribe=false transcribeCallback trim=trim-silence |
Dial body action answerOnBridge=false callReason callerId=? events hangupOnStar=false method=POST passports record=do-not-record recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent=completed recordingStatusCallbackMethod=POST recordingTrack=both referMethod=POST referUrl ringTone=? sequential=false timeLimit=14400 timeout=30 trim=do-not-trim | Client Conference Number Queue Sim Sip Application WhatsApp
Number phone_number amdStatusCallback amdStatusCallbackMethod=POST byoc machineDetection=off machineDetectionSilenceTimeout=5000 machineDetectionSpeechEndThreshold=1200 machineDetectionSpeechThreshold=2400 machineDetectionTimeout=30 method=POST sendDigits statusCallback statusCallbackEvent=completed statusCallbackMethod=POST url |
Client identity clientNotificationUrl method=POST statusCallback statusCallbackEvent=completed statusCallbackMethod=POST url | Identity Parameter
Identity client_identity |
Sip sip_url amdStatusCallback amdStatusCallbackMethod=POST machineDetection=off machineDetectionSilenceTimeout=5000 machineDetectionSpeechEndThreshold=1200 machineDetectionSpeechThreshold=2400 machineDetectionTimeout=30 method=POST password statusCallback statusCallbackEvent=completed statusCallbackMethod=POST url username | Uri Headers
Uri sip_url password priority username weight |
Headers - | Header
Header - name value |
Conference name beep=true coach endConferenceOnExit=false eventCallbackUrl jitterBufferSize=large maxParticipants=250 muted=false participantLabel record=do-not-record recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent=completed recordingStatusCallbackMethod=POST region=? startConferenceOnEnter=true statusCallback statusCallbackEvent statusCallbackMethod=POST trim=trim-silence waitMethod=POST waitUrl=? |
Queue name method=POST postWorkActivitySid reservationSid url |
Application application_sid copyParentTo customerId method=POST statusCallback statusCallbackEvent=completed statusCallbackMethod=POST url | ApplicationSid Parameter
ApplicationSid sid |
WhatsApp phone_number method=POST statusCallback statusCallbackEvent=completed statusCallbackMethod=POST url |
Sim sim_sid |
Enqueue name action maxQueueSize=1000 method=POST waitUrl=? waitUrlMethod=POST workflowSid | Task
Task body priority timeout |
Leave - |
Redirect url method=POST |
Reject - reason=rejected | Parameter
Hangup - | Parameter
Echo - |
Refer - action method=POST | ReferSip
ReferSip sip_url |
Connect - action method=POST | Room Autopilot Stream VirtualAgent Conversation ConversationRelay AiSession ConversationRelaySession
Stream - audioFormat connectorName name sampleRate statusCallback statusCallbackMethod=POST track=inbound_track url | Parameter
ConversationRelay - applicationReconnect asrSmartFormat backgroundNoiseReduction customerName debug deepgramSmartFormat dtmfDetection=false eagerEotThreshold echoPromptFiltering elevenlabsLanguageTextNormalization elevenlabsTextNormalization events hints ignoreBackchannel includeInPrompt intelligenceService interruptSensitivity=high interruptible=any language=en-US partialPromptOnHangup partialPrompts=false preemptible=false profanityFilter=true reportInputDuringAgentSpeech speechModel speechTimeout transcriptionLanguage transcriptionProvider=Deepgram ttsLanguage ttsLanguageTextNormalization ttsProvider=ElevenLabs ttsTextNormalization turnDetection url voice welcomeGreeting welcomeGreetingInterruptible=any | Language Parameter
Language - asrSmartFormat code hints speechModel transcriptionProvider ttsLanguageTextNormalization ttsProvider ttsTextNormalization voice |
VirtualAgent - connectorName language sentimentAnalysis statusCallback statusCallbackMethod | Config Parameter
Config - name value |
Conversation - inboundAutocreation inboundTimeout method record recordingStatusCallback recordingStatusCallbackEvent recordingStatusCallbackMethod routingAssignmentTimeout serviceInstanceSid statusCallback statusCallbackEvent statusCallbackMethod trim url |
Room name participantIdentity |
Autopilot name |
AiSession - aiConnector aiSessionConfiguration |
ConversationRelaySession - connector sessionConfiguration |
Start - action method=POST | Stream Siprec Transcription Recording
Stop - | Stream Siprec Transcription Recording
Siprec - connectorName name statusCallback statusCallbackMethod=POST track=both_tracks | Parameter
Transcription - conversationConfiguration conversationId enableAutomaticPunctuation=true enableProviderData=false hints inboundTrackLabel intelligenceService languageCode=en-US name outboundTrackLabel partialResults=false profanityFilter=true speechModel=telephony statusCallbackMethod=POST statusCallbackUrl track=both_tracks transcriptionEngine=google | Config Parameter
Recording - channels=dual name recordingConfigurationId recordingStatusCallback recordingStatusCallbackEvent=completed recordingStatusCallbackMethod=POST track=both trim=trim-silence |
Parameter - name value |
Pay - action=? bankAccountType=consumer-checking chargeAmount=? currency=usd description input=dtmf language=en-US maxAttempts=1 method=POST minPostalCodeLength paymentConnector=Default paymentMethod=credit-card postalCode=true securityCode=true statusCallback statusCallbackMethod=POST timeout=5 tokenType=reusable validCardTypes=? | Prompt Parameter
Prompt - attempt cardType errorType for requireMatchingInputs | Say Play Pause
Sms message action from method=POST statusCallback to |
Message body action from=? method=POST statusCallback to=? | Body Media
Body message |
Media url |
"""  # noqa: E501 - a line is an element

DESCRIBED = {
    "Gather action": "the URL of the document",
    "Gather numDigits": "unlimited",
    "Gather speechTimeout": "timeout",
    "Record action": "the URL of the document",
    "Dial callerId": "the caller's",
    "Dial ringTone": "by the number",
    "Conference region": "chosen by Twilio",
    "Conference waitUrl": "Twilio's hold music",
    "Enqueue waitUrl": "Twilio's hold music",
    "Pay action": "the URL of the document",
    "Pay chargeAmount": "0: a token only",
    "Pay validCardTypes": "visa mastercard amex",
    "Message from": "the number they wrote to",
    "Message to": "who wrote",
}
SSML = "Break Emphasis Lang P Phoneme Prosody S SayAs Sub W"


class Row(NamedTuple):
    """An element: what its text is called, what it takes, what it holds."""

    name: str
    text: str | None
    attributes: dict[str, str | None]
    """Each attribute with its documented default."""
    holds: set[str]


def _row(line: str) -> Row:
    head, _, held = line.partition("|")
    name, text, *attributes = head.split()
    pairs = (each.partition("=") for each in attributes)
    defaults = {one: DESCRIBED[f"{name} {one}"] if value == "?" else value or None for one, _, value in pairs}
    return Row(name, None if text == "-" else text, defaults, set(held.replace("SSML", SSML).split()))


ROWS = [_row(line) for line in TABLE.strip().splitlines()]
