"""The certificate that clients on the internet see, which AWS renews by itself."""

import pulumi
import pulumi_aws as aws

from components.aws.alarms.metric_alarms import AlarmSpec, metric_alarms
from components.aws.args import TaggedArgs
from components.aws.tags import named
from components.options import given_dependencies

DAY_SECONDS = 86_400


class PublicCertificateArgs(TaggedArgs):
    """Inputs of a public certificate."""

    domain: str
    """Name of the stack; the certificate is for it and for every name directly below it."""

    zone_id: str
    """Hosted zone of Route 53 that the name is in."""

    create_validation_record: bool
    """True in one region: it makes the record by which AWS sees that the name is ours, for all of them."""

    topic_arn: pulumi.Input[str]
    """Topic that is told when the certificate is not renewed in time."""


class PublicCertificate(pulumi.ComponentResource):
    """An ACM certificate for a name and the regions' names below it, in one region."""

    arn: pulumi.Output[str]
    """ARN of the certificate; whoever uses it waits until it is issued."""

    def __init__(self, name: str, args: PublicCertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gostack:index:PublicCertificate", name, {}, opts)
        certificate = aws.acm.Certificate(
            f"{name}-certificate",
            domain_name=args["domain"],
            subject_alternative_names=[f"*.{args['domain']}"],
            validation_method="DNS",
            key_algorithm="EC_prime256v1",
            tags=named(args["tags"], name),
            # A load balancer holds on to the old one until it has the new one.
            opts=pulumi.ResourceOptions(parent=self),
        )
        proof = [self._proof(f"{name}-proof", certificate, args["zone_id"])] if args["create_validation_record"] else []
        issued = aws.acm.CertificateValidation(
            f"{name}-issued",
            certificate_arn=certificate.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[*proof, *given_dependencies(opts)]),
        )
        expiry = AlarmSpec(
            namespace="AWS/CertificateManager",
            metric="DaysToExpiry",
            dimensions={"CertificateArn": certificate.arn},
            threshold=30,
            comparison="LessThanThreshold",
            statistic="Minimum",
            period_seconds=DAY_SECONDS,
            periods=1,
            description=(
                f"{args['domain']}: the certificate ends in less than 30 days and was not renewed. Is its DNS record "
                "still there?"
            ),
        )
        metric_alarms(name, {"expiry": expiry}, args, self)
        self.arn = issued.certificate_arn
        self.register_outputs({"arn": self.arn})

    def _proof(self, name: str, certificate: aws.acm.Certificate, zone_id: str) -> aws.route53.Record:
        # The same record proves the name and every name directly below it, in every region.
        option = certificate.domain_validation_options[0]
        return aws.route53.Record(
            name,
            zone_id=zone_id,
            name=option.resource_record_name,
            type=option.resource_record_type,
            records=[option.resource_record_value],
            ttl=300,
            # Another stack of the same name in this account has the very same record.
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(parent=self),
        )
